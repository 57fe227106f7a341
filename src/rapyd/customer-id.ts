/** Customer ids. A blank one would make the path of Create Customer, and a slash another path altogether. */

const wellFormed = /^cus_[A-Za-z0-9_-]{1,64}$/

export function isCustomerId(text: string): boolean {
  return wellFormed.test(text)
}
