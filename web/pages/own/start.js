// Small enhancements where the browser can: focus on what is wrong with a form, no form sent twice, links from
// other systems followed.
import { initAll } from './ui.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()

// A link from another system is followed without a press of its button: not while the browser only gets
// the page ready, and not when somebody comes back to it.
const launch = document.querySelector('form[data-launch]')
if (launch && performance.getEntriesByType('navigation')[0]?.type === 'navigate') {
  const follow = () => launch.submit()
  if (document.prerendering) document.addEventListener('prerenderingchange', follow, { once: true })
  else follow()
}
