import { variables } from './palette.ts';

/** The style sheet of the page: light, dark, narrow, and on paper. */
export const styles = `
:root{color-scheme:light;${variables('light')}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${variables('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:24px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:44px 0 6px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:22px 0 4px}
p{margin:6px 0 10px;max-width:80ch}
.muted,figcaption,.card small{color:var(--muted)}
a{color:var(--link)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;padding:0;margin:12px 0 0}
nav a{display:inline-block;padding:3px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:10px;margin:20px 0 0;padding:0}
.card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 14px;min-width:0}
.card dt{font-size:.85rem;color:var(--muted)}
.card dd{margin:0}
.card strong{display:block;font-size:1.3rem;line-height:1.25;overflow-wrap:anywhere}
.card small{display:block;font-size:.8rem;line-height:1.35;margin-top:3px;overflow-wrap:anywhere}
.card .unknown{font-weight:500;font-style:italic}
.warnings{background:var(--alert-panel);border:1px solid var(--alert);border-left-width:6px;border-radius:6px;padding:8px 16px;margin:18px 0 0}
.warnings h2{border:0;margin:0;padding:0;font-size:1.02rem;color:var(--alert)}
.warnings ul{margin:4px 0;padding-left:20px}
.warnings li{overflow-wrap:anywhere;margin:2px 0}
figure{margin:14px 0}
figcaption{font-size:.88rem;margin-bottom:4px;max-width:85ch}
figure svg{display:block;max-width:100%;height:auto;overflow:visible}
.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:4px 0 8px;padding:0;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:6px}
.legend svg{flex:none}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:14px}
.small figure{margin:0;min-width:0;break-inside:avoid}
.small figcaption{color:var(--text);overflow-wrap:anywhere;font-weight:600;font-size:.82rem}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:8px 32px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px;margin:8px 0}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;font-size:.85rem;width:100%}
caption{text-align:left;padding:6px 10px;color:var(--muted)}
th,td{padding:5px 10px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{background:var(--panel);border-top:0;white-space:nowrap}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.reason{color:var(--muted);font-style:italic}
.dense td,.dense th{white-space:nowrap}
.dense .long{white-space:normal;min-width:300px}
.reasons{list-style:none;margin:0 0 14px;padding:0;font-size:.82rem;color:var(--muted);overflow-wrap:anywhere}
.digest{overflow-wrap:anywhere;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8rem}
details{margin:8px 0}
summary{cursor:pointer;color:var(--link)}
footer{color:var(--muted);font-size:.85rem;margin-top:40px;padding-bottom:30px}
@media (max-width:720px){
main,header,footer{padding-left:14px;padding-right:14px}
.cards{grid-template-columns:repeat(2,minmax(0,1fr))}
.card{padding:8px 10px}.card strong{font-size:1.1rem}
.wide{display:none}.narrow{display:block}
.pair{grid-template-columns:minmax(0,1fr)}
.small{grid-template-columns:repeat(2,minmax(0,1fr));gap:12px 10px}
}
@media print{
@page{margin:14mm}
body{font-size:10pt}
main,header,footer{max-width:none;padding:0}
nav{display:none}
.wide{display:block}.narrow{display:none}
.pair{grid-template-columns:repeat(2,minmax(0,1fr))}.small{grid-template-columns:repeat(4,minmax(0,1fr))}
h2{break-after:avoid}figure,.card,tr{break-inside:avoid}
.scroll{overflow:visible;border:0}
table{font-size:7.5pt}th,td{padding:2px 4px}
thead th{white-space:normal}
.dense td,.dense th{font-size:6pt;padding:1px 2px;white-space:normal;overflow-wrap:anywhere}
summary{display:none}
details::details-content{content-visibility:visible;display:block;block-size:auto}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
