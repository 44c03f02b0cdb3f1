/** How reports look: a calm page, one family of colours for light and dark, tables that scroll by themselves. */

/** Eight colours that stay apart for most colour-blind readers; more series than that repeat them. */
const lightColours = ['#2f64b5', '#c26a12', '#2c8659', '#8355b8', '#bf3f48', '#22879a', '#8b6839', '#69717d'];
const darkColours = ['#7ba8ee', '#eda15c', '#66c296', '#b896e6', '#f0848b', '#5cc2d3', '#cba877', '#a2abb8'];

const colourCount = lightColours.length;

/** Colour of the i-th series, as a custom property that the page sets. */
export const colourOf = (i: number): string => `var(--c${i % colourCount})`;

const declared = (colours: readonly string[]): string =>
  colours.map((colour, i) => `--c${i}:${colour}`).join(';');

const lightTones =
  '--paper:#fff;--panel:#f6f7f9;--ink:#1d2430;--soft:#5b6472;--line:#dfe3e9;--good:#23744b;--bad:#b3303a;--unsure:#8a6100';
const darkTones =
  '--paper:#14181f;--panel:#1c222b;--ink:#e5e9ef;--soft:#9da7b5;--line:#313945;--good:#6fcd9e;--bad:#ff8d93;--unsure:#e5b754';

/** The colours alone, for a picture that stands outside a page. */
export const palette = `:root{${lightTones};${declared(lightColours)}}
@media (prefers-color-scheme:dark){:root{${darkTones};${declared(darkColours)}}}`;

export const style = `${palette}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:1.5rem 1.25rem 3rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 .35rem;font-weight:650}
h2{font-size:1.12rem;margin:0 0 .75rem;font-weight:650}
h3{font-size:1rem;margin:1.1rem 0 .4rem;font-weight:600}
p{margin:.35rem 0 .75rem;max-width:75ch}
.lead{color:var(--soft);margin-bottom:1.1rem}
section{margin:2.1rem 0 0;padding-top:1.3rem;border-top:1px solid var(--line)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:.65rem}
.tile{background:var(--panel);border-radius:.5rem;padding:.7rem .85rem}
.tile .value{font-size:1.35rem;font-weight:620;line-height:1.2;font-variant-numeric:tabular-nums}
.tile .name{color:var(--soft);font-size:.86rem;margin-top:.15rem}
.good .value,b.good{color:var(--good)} .bad .value,b.bad{color:var(--bad)} .unsure .value,b.unsure{color:var(--unsure)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.3rem 1.75rem;margin:0}
.facts div{display:flex;justify-content:space-between;gap:1rem;border-bottom:1px solid var(--line);padding:.22rem 0}
.facts dt{color:var(--soft)} .facts .long{grid-column:1/-1}.facts dd{margin:0;text-align:right;overflow-wrap:anywhere}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:.5rem 2rem}
.row>div{min-width:0}
.beside{display:grid;grid-template-columns:minmax(0,1fr);gap:1rem;align-items:start}
@media (min-width:1000px){.beside{grid-template-columns:minmax(0,1.55fr) minmax(0,1fr)}.beside .scroll{max-height:27rem}}
.scroll{overflow:auto;border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.34rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{position:sticky;top:0;background:var(--panel);font-weight:600;line-height:1.3;vertical-align:bottom}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;white-space:nowrap}
.range{color:var(--soft);font-size:.84em}
.note{color:var(--soft);font-size:.9rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.1rem 0 .4rem;padding:0;list-style:none;font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend svg{flex:none}
code{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.command{display:block;background:var(--panel);border-radius:.35rem;padding:.4rem .6rem;user-select:all}
figure{margin:0}
.below{margin:.9rem 0 1.6rem}
figure+figure{margin-top:1rem}
figure svg{display:block;max-width:100%;height:auto;color:var(--ink)}
.narrow{display:none}
@media (max-width:640px){body{padding:1rem .9rem 2rem;font-size:15.5px}.wide{display:none}.narrow{display:block}
h1{font-size:1.35rem}.facts{grid-template-columns:1fr}}
footer{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
.diagram{overflow:auto;border:1px solid var(--line);border-radius:.5rem;max-height:85vh}
.diagram svg{display:block;max-width:none}
.diagram .sheet{width:max-content;margin:0 auto}
.diagram .head{position:sticky;top:0;background:var(--paper);border-bottom:1px solid var(--line);z-index:1}
.marks text{stroke:var(--paper);stroke-width:3px}
details summary{cursor:pointer;color:var(--soft);margin:.4rem 0}
@media print{.diagram,.scroll{overflow:visible;max-height:none}}`;
