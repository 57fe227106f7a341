/** Rows of one file mostly repeat what the row before had: what was made of that serves again. */
export function keepLast<Given, Made>(make: (given: Given) => Made): (given: Given) => Made {
  let last: { readonly given: Given; readonly made: Made } | undefined
  return (given) => {
    if (last === undefined || last.given !== given) last = { given, made: make(given) }
    return last.made
  }
}
