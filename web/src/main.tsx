// Puts the page into its document.
import { render } from 'preact'
import { Page } from './page.tsx'
import './style/tokens.css'
import './style/page.css'
import './style/player.css'
import './style/parts.css'

const place = document.getElementById('page')
if (place === null) throw new Error('index.html has no element called "page"')
render(<Page />, place)
