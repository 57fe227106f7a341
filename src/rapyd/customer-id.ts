/** Customer ids. A blank one would make the path of Create Customer, and a slash another path altogether. */

const wellFormed = /^cus_[A-Za-z0-9_-]{1,64}$/

export function isCustomerId(text: string): boolean {
  return wellFormed.test(text)
}

/** The only form seen. Only the prefix is documented. */
const usual = /^cus_[0-9a-f]{32}$/

export function isUsualId(text: string): boolean {
  return usual.test(text)
}

const otherId = /^(?:ewallet|card|other|address|payment|coupon|sub|invoice|disc?|checkout|payout|refund)_\w/
const numberOrDate = /^[\d.,/:+E\s-]+$/i

/** What a text is that is no customer id. */
export function idDefect(text: string): string {
  if (text === '') return 'not a customer id: it is blank'
  if (text !== text.trim() && isCustomerId(text.trim())) return 'not a customer id: spaces stand around it'
  if (otherId.test(text)) return 'not a customer id: an id of another kind'
  if (text.length <= 40 && numberOrDate.test(text))
    return 'not a customer id: a number or date, as of a spreadsheet or another system'
  return 'not a customer id'
}
