/** The page's look: light and dark by what the reader's system prefers, one column on a phone, ink only on paper. */
export const pageStyles = `
:root { color-scheme: light dark; --ink: #1b2027; --soft: #57606a; --line: #d5dae0; --ground: #fff; --panel: #f6f8fa; --link: #0757b8;
  --updated: #1a7f4b; --unchanged: #98a1ab; --invalid: #bf7b00; --rejected: #c62f2a; --failed: #8b1f5a; --unknown: #7a3fd1; --not_attempted: #d9a441; --calls: #2f6fbb; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a5afba; --line: #3a424c; --ground: #14181d; --panel: #1d232a; --link: #7db4ff;
  --updated: #3fb27a; --unchanged: #77818c; --invalid: #e0a030; --rejected: #f06a62; --failed: #dd6cae; --unknown: #b08cff; --not_attempted: #c9b06c; --calls: #6aa5ec; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
p { margin: .4rem 0; } .soft, figcaption, dt { color: var(--soft); }
.next { border-left: .3rem solid var(--link); background: var(--panel); padding: .6rem .8rem; margin: 1rem 0; overflow-wrap: anywhere; }
svg { display: block; width: 100%; } svg.bar { height: 1.75rem; border-radius: .3rem; } svg.plot { height: 9rem; border-bottom: 1px solid var(--line); }
.updated { fill: var(--updated); } .unchanged { fill: var(--unchanged); } .invalid { fill: var(--invalid); } .rejected { fill: var(--rejected); }
.failed { fill: var(--failed); } .unknown { fill: var(--unknown); } .not_attempted { fill: var(--not_attempted); }
.calls { fill: var(--calls); } .errors { fill: var(--rejected); } .retry { fill: var(--invalid); } .throttled { fill: var(--unknown); }
svg.key { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; }
figure { margin: 0 0 1.5rem; } .axis { display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; color: var(--soft); }
.keys { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .5rem 0; font-size: .9rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0; }
dl.facts { grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; } dd { margin: 0; overflow-wrap: anywhere; }
dl.figures dd { font-size: 1.3rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { color: var(--soft); font-weight: 600; } tbody th { font-weight: 400; } .number { text-align: right; font-variant-numeric: tabular-nums; }
td svg.meter { width: 8rem; height: .7rem; } code { font-size: .95em; }
.scroll { overflow-x: auto; } details { margin: .4rem 0; } summary { cursor: pointer; color: var(--link); }
.tools { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .75rem 0; } .tools label { display: grid; gap: .2rem; font-size: .85rem; color: var(--soft); }
input, select, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--soft); border-radius: .3rem; padding: .35rem .6rem; }
button { cursor: pointer; } button:disabled { opacity: .5; cursor: default; } select { max-width: 100%; }
:focus-visible { outline: .18rem solid var(--link); outline-offset: .12rem; }
@media screen and (max-width: 58rem) {
  #rows-table thead, #errors-table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  #rows-table tr, #errors-table tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0; }
  #rows-table :is(td, th[scope=row]), #errors-table :is(td, th[scope=row]) { display: grid; grid-template-columns: 6rem 1fr; border: 0; padding: .1rem 0; text-align: left; }
  #rows-table [data-label]::before, #errors-table [data-label]::before { content: attr(data-label); color: var(--soft); }
  #rows-table td:empty { display: none; } #rows-table td, #errors-table td { overflow-wrap: anywhere; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .5rem; }
}
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; } .tools, details, button { display: none; } .scroll { overflow: visible; } th, td { overflow-wrap: anywhere; font-size: 8pt; }
  thead th, th[scope=row], .number { overflow-wrap: normal; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`
