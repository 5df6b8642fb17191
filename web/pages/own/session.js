// Says that a session will end before it does, in a dialog over the page, and keeps what was typed: see session.go.
const dialog = document.querySelector('.jy-ending')
if (dialog) watch()

function watch () {
  const { mark, back } = dialog.dataset
  const warned = Number(dialog.dataset.warned)
  const part = name => dialog.querySelector(`[data-part="${name}"]`)
  const press = (name, what) => dialog.querySelector(`[data-do="${name}"]`).addEventListener('click', what)
  let last = 'last' in dialog.dataset
  let typed = 'kept' in dialog.dataset
  let over = false
  let ends, timer

  const at = (ms, what) => { clearTimeout(timer); timer = setTimeout(what, ms) }

  // The server knows how long is left: something may have been done in another tab. A machine that slept, or is
  // offline, goes by its own clock.
  async function ask (method) {
    const answer = await fetch('/session', { method, headers: { Accept: 'application/json' }, body: method === 'POST' ? new URLSearchParams() : undefined })
    if (!answer.ok) throw new Error('no answer')
    return answer.json()
  }
  const check = (method = 'GET') => ask(method).then(know, () => Date.now() < ends ? warn(10) : end())
  const stay = () => check('POST')

  function know (session) {
    if (session.left === 0 || session.mark !== mark) return end()
    ends = Date.now() + session.left * 1000
    last = session.last
    for (const time of document.querySelectorAll('[data-ends]')) if (session.ends) time.textContent = session.ends
    if (session.left <= warned) return warn(session.left + 1)
    over = false
    dialog.close()
    at((session.left - warned) * 1000, check)
  }

  function warn (seconds) {
    over = false
    show()
    at(seconds * 1000, check)
  }

  // Whoever typed nothing is led to the sign-in. What was typed stays, under the dialog, until they are back.
  function end () {
    clearTimeout(timer)
    if (!typed) return location.replace('/sign-in?' + new URLSearchParams({ ended: 'yes', to: back }))
    part('not-yet').hidden = !over
    over = true
    show()
  }

  function show () {
    part('soon').hidden = over
    part('over').hidden = !over
    part('last').hidden = !last
    dialog.querySelector('[data-do="stay"]').hidden = last
    dialog.querySelector('[data-do="go-on"]').hidden = !last
    dialog.setAttribute('aria-labelledby', over ? 'ended-title' : 'ending-title')
    dialog.setAttribute('aria-describedby', over ? 'ended-says' : 'ending-says')
    if (!dialog.open) dialog.showModal()
  }

  press('stay', stay)
  press('go-on', () => dialog.close())
  press('again', () => check())
  dialog.addEventListener('cancel', event => { // the key Escape
    if (over || !last) event.preventDefault()
    if (!over && !last) stay()
  })
  dialog.addEventListener('close', () => { if (over) show() }) // a browser lets Escape through the second time
  document.addEventListener('input', () => { typed = true })
  document.addEventListener('submit', event => {
    if (typed && Date.now() >= ends) { event.preventDefault(); check() }
  }, true)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && Date.now() >= ends - warned * 1000) check()
  })
  know({ left: Number(dialog.dataset.left), last, mark })
}
