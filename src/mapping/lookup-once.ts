/** Remembers what names stand for: the rows of a file repeat their keys, and to find a field costs more than to read a cell. */

/** So that a file whose keys are all different fills no memory. */
const mostKept = 1_000
const longestKept = 200

/** `find` must give the same for the same name, always. */
export function lookupOnce<Found>(find: (name: string) => Found): (name: string) => Found {
  const found = new Map<string, { readonly value: Found }>()
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known.value
    const value = find(name)
    if (name.length > longestKept) return value
    if (found.size >= mostKept) found.clear()
    found.set(name, { value })
    return value
  }
}
