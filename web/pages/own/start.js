// Small enhancements where the browser can: focus on what is wrong with a form, no form sent twice, a word
// before a session ends, links from other systems followed, a text copied by one press, a page left at once.
import { initAll } from './ui.js'
import './session.js'

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

for (const button of document.querySelectorAll('button[data-copy]')) {
  const text = document.getElementById(button.dataset.copy)
  const status = document.getElementById(button.dataset.copy + '-status')
  button.hidden = false
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.value)
      status.textContent = button.dataset.copied
    } catch {
      text.closest('details').open = true
      text.select()
      status.textContent = button.dataset.failed
    }
  })
}

// Leaving quickly: the page is hidden at once, the session ends, and this page is not
// in the history any more. Without this script the form does it, a little slower.
const leave = document.querySelector('form[data-leave]')
if (leave) {
  const go = event => {
    event?.preventDefault()
    document.body.hidden = true
    document.title = ''
    const on = () => location.replace(leave.dataset.leave)
    fetch(leave.action, { method: 'POST', body: new URLSearchParams(), redirect: 'manual', keepalive: true }).then(on, on)
    setTimeout(on, 800)
  }
  leave.addEventListener('submit', go)
  leave.querySelector('.jy-leave__keys').hidden = false
  let presses = []
  document.addEventListener('keydown', event => {
    if (event.key !== 'Shift') {
      presses = []
      return
    }
    presses = [...presses, event.timeStamp].filter(at => event.timeStamp - at < 2000)
    if (!event.repeat && presses.length >= 3) go()
  })
}
