// Small enhancements where the browser can: focus on what is wrong with a form, and no form sent twice.
import { initAll } from './ui.js'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()
