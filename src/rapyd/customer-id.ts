/** Customer ids. A blank one would make the path of Create Customer, and a slash another path altogether. */

const wellFormed = /^cus_[A-Za-z0-9_-]{1,64}$/
const usual = /^cus_[0-9a-f]{32}$/

export function isCustomerId(text: string): boolean {
  return wellFormed.test(text)
}

/** True for `cus_` and 32 lower-case hex digits, the only form seen; only the prefix is documented. @public */
export function isUsualCustomerId(text: string): boolean {
  return usual.test(text)
}
