// Makes what pages take from nhsuk-frontend: two style sheets (left to right and
// right to left), one script, and the icons that they name. Nothing that belongs
// to the NHS's own identity is taken: no logo, no letters, no typeface.
import { compile } from 'sass'
import rtlcss from 'rtlcss'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const made = join(import.meta.dirname, '..', 'made')
const from = join(import.meta.dirname, 'node_modules', 'nhsuk-frontend', 'dist', 'nhsuk')
const notice = '/* Made from nhsuk-frontend 10.6.1, MIT licence, © NHS Digital and contributors. */\n'

let css = compile(join(import.meta.dirname, 'ui.scss'), { style: 'compressed', loadPaths: [join(import.meta.dirname, 'node_modules')], quietDeps: true, silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function'] }).css
const icons = new Set()
css = css.replace(/url\((["']?)([^)"']*?)([^/)"']+\.(?:svg|png))\1\)/g, (whole, quote, path, name) => {
  icons.add(name)
  return `url(${name})`
})
for (const forbidden of ['assets.nhs.uk', 'Frutiger', 'url(http', 'url(//']) {
  if (css.includes(forbidden)) throw new Error(`the style sheet names ${forbidden}`)
}
writeFileSync(join(made, 'ui.css'), notice + css)
writeFileSync(join(made, 'ui.rtl.css'), notice + rtlcss.process(css))
writeFileSync(join(made, 'ui.js'), readFileSync(join(from, 'nhsuk-frontend.min.js'), 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n'))
for (const name of icons) {
  const icon = join(from, 'assets', 'images', name)
  if (existsSync(icon)) copyFileSync(icon, join(made, name))
}
