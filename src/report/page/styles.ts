/** The page's look: light and dark by what the reader's system prefers, one column on a phone, ink only on paper. */
export const pageStyles = `
:root { color-scheme: light dark; --ink: #16202c; --soft: #526070; --line: #dde3ea; --ground: #f3f5f8; --panel: #fff; --inset: #f3f5f8; --link: #0a56b0; --good: #e6f5ed; --look: #fdf3dd; --bad: #fdeaea;
  --updated: #1a7f4b; --unchanged: #8d99a6; --invalid: #c27c00; --rejected: #c62f2a; --failed: #8b1f5a; --unknown: #7a3fd1; --not_attempted: #d9a441; --calls: #2c6cba; --band: #7a3fd1; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #a3b0be; --line: #2e3844; --ground: #0f141a; --panel: #182028; --inset: #0f141a; --link: #84b8ff; --good: #12301f; --look: #35290c; --bad: #3a1718;
  --updated: #3fb27a; --unchanged: #7d8894; --invalid: #e2a32f; --rejected: #f06a62; --failed: #dd6cae; --unknown: #b08cff; --not_attempted: #c9b06c; --calls: #6aa5ec; --band: #b08cff; } }
* { box-sizing: border-box; } html { scroll-behavior: smooth; scroll-padding-top: 4rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 3rem; font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif; color: var(--ink); background: var(--ground); }
header, section { background: var(--panel); border: 1px solid var(--line); border-radius: .75rem; padding: 1.4rem 1.5rem 1.5rem; margin: 0 0 1.1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; letter-spacing: -.01em; margin: .1rem 0 .3rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 0 0 .9rem; }
p { margin: .4rem 0; } a { color: var(--link); } .soft, figcaption, dt, caption, footer { color: var(--soft); } footer { font-size: .85rem; }
.brand { font-weight: 700; color: var(--link); margin: 0; } .brand span { font-weight: 400; color: var(--soft); }
.verdict { margin: 1rem 0; padding: .7rem 1rem; border-radius: .5rem; font-size: 1.05rem; border-left: .35rem solid; } .verdict strong { margin-right: .4rem; }
.good { background: var(--good); border-color: var(--updated); } .look { background: var(--look); border-color: var(--invalid); } .bad { background: var(--bad); border-color: var(--rejected); }
.next { overflow-wrap: anywhere; } .next p { margin: .25rem 0; } .label { font-size: .8rem; font-weight: 600; color: var(--soft); }
.command { display: block; background: var(--inset); border: 1px solid var(--line); border-radius: .4rem; padding: .55rem .75rem; user-select: all; }
nav { position: sticky; top: 0; z-index: 1; background: var(--ground); margin: 0 0 .6rem; overflow-x: auto; } nav ul { display: flex; gap: .25rem; list-style: none; margin: 0; padding: .45rem 0; }
nav a { display: block; padding: .3rem .75rem; border-radius: 1rem; white-space: nowrap; text-decoration: none; font-size: .9rem; color: var(--soft); } nav a:hover { background: var(--panel); color: var(--link); }
svg { display: block; width: 100%; } svg.bar { height: 2rem; border-radius: .4rem; margin-bottom: .9rem; } svg.bar rect { stroke: var(--panel); stroke-width: 1.5; }
div.plot { display: grid; grid-template-columns: auto 1fr; gap: .6rem; } svg.chart { height: 11rem; border-bottom: 1px solid var(--line); background: linear-gradient(var(--line), var(--line)) 0 0/100% 1px no-repeat, linear-gradient(var(--line), var(--line)) 0 50%/100% 1px no-repeat; }
.scale { display: flex; flex-direction: column; justify-content: space-between; margin: 0; text-align: right; font-size: .8rem; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums; }
.updated { fill: var(--updated); } .unchanged { fill: var(--unchanged); } .invalid { fill: var(--invalid); } .rejected { fill: var(--rejected); }
.failed { fill: var(--failed); } .unknown { fill: var(--unknown); } .not_attempted { fill: var(--not_attempted); }
.calls { fill: var(--calls); } .errors { fill: var(--rejected); } .retry { fill: var(--invalid); } .throttled { fill: var(--unknown); } .blocked { fill: var(--band); opacity: .28; } .outage { fill: var(--rejected); opacity: .25; }
svg.key { display: inline-block; width: .8rem; height: .8rem; margin-right: .45rem; vertical-align: -.05em; }
figure { margin: 0; } figcaption { margin-bottom: .7rem; font-size: .95rem; } .axis { display: flex; justify-content: space-between; gap: 1rem; font-size: .8rem; color: var(--soft); margin: .3rem 0 0; }
.keys { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .7rem 0; font-size: .9rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; margin: 1.2rem 0 0; } dl.figures div { background: var(--inset); border-radius: .5rem; padding: .6rem .8rem; }
dt { font-size: .85rem; } dl.facts { grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.25rem; margin: 0; } dd { margin: 0; overflow-wrap: anywhere; }
dl.figures dd { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; padding-bottom: .3rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; } tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; } tbody th { font-weight: 400; } #outcomes tbody th { white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; }
td.meter { width: 34%; vertical-align: middle; } td svg.meter { height: .7rem; border-radius: .2rem; } code { font-size: .92em; font-family: ui-monospace, 'SF Mono', Consolas, 'DejaVu Sans Mono', monospace; }
.pill::before { content: ''; display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; margin-right: .4rem; background: var(--unchanged); }
.pill.invalid::before { background: var(--invalid); } .pill.rejected::before { background: var(--rejected); } .pill.failed::before { background: var(--failed); }
.pill.unknown::before { background: var(--unknown); } .pill.not_attempted::before { background: var(--not_attempted); } td.pill { white-space: nowrap; }
#rows-table td:nth-child(3) { font: .85em/1.7 ui-monospace, 'SF Mono', Consolas, 'DejaVu Sans Mono', monospace; } #rows tr:hover { background: var(--inset); }
tr.values td { padding: 0 0 .7rem; } tr.values span { display: inline-block; margin: 0 1rem .1rem 0; overflow-wrap: anywhere; } tr.values b { font-weight: 400; color: var(--soft); margin-right: .35rem; } tr:has(+ tr.values) > * { border-bottom: 0; }
.scroll { overflow-x: auto; } details { margin: .4rem 0; } summary { cursor: pointer; color: var(--link); font-size: .9rem; }
.tools { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .75rem 0; } .tools label { display: grid; gap: .25rem; font-size: .85rem; color: var(--soft); } .tools label:first-child { flex: 1 1 16rem; }
input, select, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--soft); border-radius: .45rem; padding: .45rem .75rem; min-width: 0; }
button { cursor: pointer; } button:hover:enabled { border-color: var(--link); color: var(--link); } button:disabled { opacity: .45; cursor: default; } select { max-width: 100%; } #errors-table button { padding: .1rem .6rem; font-size: .85rem; }
:focus-visible { outline: .18rem solid var(--link); outline-offset: .12rem; } h2:focus-visible { outline: 0; }
@media screen and (max-width: 58rem) {
  body { padding: .75rem .75rem 2rem; } header, section { padding: 1.1rem 1rem; } h1 { font-size: 1.35rem; } td.meter { width: 22%; }
  #rows-table thead, #errors-table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  #rows-table tr, #errors-table tr { display: block; border-bottom: 1px solid var(--line); padding: .6rem 0; }
  #rows-table :is(td, th[scope=row]), #errors-table :is(td, th[scope=row]) { display: grid; grid-template-columns: 6rem 1fr; border: 0; padding: .1rem 0; text-align: left; }
  #rows-table [data-label]::before, #errors-table [data-label]::before { content: attr(data-label); display: inline; width: auto; height: auto; margin: 0; background: none; border-radius: 0; color: var(--soft); font: .9rem/1.55 system-ui, sans-serif; }
  #rows-table tr.values td { display: block; font: inherit; }
  #rows-table td:empty { display: none; } #rows-table td, #errors-table td { overflow-wrap: anywhere; }
  #rows-table th[scope=row] { font-weight: 600; } #rows-table tr:has(+ tr.values) { border-bottom: 0; padding-bottom: .2rem; } #rows-table tr.values { padding-top: 0; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .5rem; }
}
@media screen and (max-width: 30rem) { .meter { display: none; } dl.figures { grid-template-columns: 1fr 1fr; } svg.chart { height: 8rem; } th, td { padding-right: .6rem; } }
@media print { :root { color-scheme: light; --ground: #fff; } body { max-width: none; padding: 0; font-size: 10pt; } header, section { border: 0; padding: 0; margin: 0 0 1rem; } nav, .tools, details, button, footer { display: none; } .scroll { overflow: visible; } th, td { overflow-wrap: anywhere; font-size: 8pt; }
  thead th, th[scope=row], .number { overflow-wrap: normal; } h2 { break-after: avoid; } tr, figure { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`
