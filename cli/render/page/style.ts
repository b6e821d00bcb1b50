/** The page's only style sheet: light and dark, narrow and wide, on paper. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1f2328;--soft:#57606a;--line:#d0d7de;--box:#f6f8fa;--link:#0a58ca;
--success:#1a7f37;--failed:#c2212d;--skipped:#6e7781;--interrupted:#9a5b00;--mark:#0b63c5;--mark2:#8250df;
--retry:#c2212d;--queue:#6e7781;--read:#0b63c5;--rest:#9a5b00;--encode:#8250df;--put:#1a7f37;--state:#57606a}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;--box:#161b22;--link:#6cb0ff;
--success:#3fb950;--failed:#ff7b72;--skipped:#9da7b3;--interrupted:#d29922;--mark:#58a6ff;--mark2:#bc8cff;
--retry:#ff7b72;--queue:#9da7b3;--read:#58a6ff;--rest:#d29922;--encode:#bc8cff;--put:#3fb950;--state:#c9d1d9}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main,footer,nav{max-width:1200px;margin:0 auto;padding:0 16px}
header{padding-top:20px}h1{font-size:1.6rem;margin:0}h2{font-size:1.25rem;margin:0 0 8px}h3{font-size:1rem;margin:16px 0 4px}
section{border-top:1px solid var(--line);padding:20px 0}
p{margin:4px 0 8px}.soft{color:var(--soft)}a{color:var(--link)}
.skip{position:absolute;left:-9999px;top:0;background:var(--bg);padding:8px;z-index:1}.skip:focus{left:8px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;padding:0;margin:12px 0}nav a{display:inline-block;padding:4px 0}
dl.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:8px 0}
dl.tiles div{background:var(--box);border:1px solid var(--line);border-radius:6px;padding:8px 12px}
dt{color:var(--soft)}dd{margin:0;font-size:1.15rem;overflow-wrap:normal;font-variant-numeric:tabular-nums}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:8px 24px}.grid>*{min-width:0}
figure{margin:8px 0;min-width:0}figcaption{font-weight:600}
figure svg{display:block;width:100%;height:auto;font-size:11px;overflow:visible}
svg.plot text{white-space:pre}
.narrow{display:none}@media (max-width:640px){.wide{display:none}.narrow{display:block}}
.scroll{overflow:auto;max-height:34rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:13px;overflow-wrap:normal}
caption{text-align:left;padding:6px 10px;color:var(--soft)}
th,td{padding:4px 10px;text-align:left;vertical-align:top;border-top:1px solid var(--line);font-variant-numeric:tabular-nums}
thead th{background:var(--box);position:sticky;top:0;white-space:nowrap}tbody th{font-weight:500}
.num{text-align:right;white-space:nowrap}.time{white-space:nowrap}.wrap{min-width:14rem;overflow-wrap:anywhere}
details{margin:8px 0}summary{cursor:pointer;color:var(--link);padding:4px 0}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;padding:0;margin:2px 0;font-size:13px}
ul.legend span{display:inline-block;width:11px;height:11px;margin-right:5px;border-radius:2px}
.success{color:var(--success)}.failed{color:var(--failed)}.skipped{color:var(--skipped)}.interrupted{color:var(--interrupted)}
${
  [
    "success",
    "failed",
    "skipped",
    "interrupted",
    "retry",
    "queue",
    "read",
    "rest",
    "encode",
    "put",
    "state",
  ]
    .map((name) => `.sw-${name}{background:var(--${name})}`).join("")
}
footer{padding-top:12px;padding-bottom:24px;color:var(--soft);font-size:13px}
@media print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--box:#fff;--link:#000}body{font-size:11px}
nav,.skip{display:none}.scroll{max-height:none;overflow:visible;border:0}section{break-inside:auto}figure,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}thead th{position:static}}
`;
