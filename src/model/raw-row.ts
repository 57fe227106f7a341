/** How a row that has no columns stands in a CSV file of ours: as text in its first cell, behind this. */

/** No customer id begins so, no formula, and no text that anybody has for a customer. */
export const rawRowMark = 'rapyd_bulk_raw: '
