// Drawn for this page: 24 by 24, one stroke width, the colour of the text around them.
import type { ComponentChildren } from 'preact'

const Icon = ({ children }: { readonly children: ComponentChildren }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    {children}
  </svg>
)

const filled = (path: string) => () => (
  <Icon>
    <path class="solid" d={path} />
  </Icon>
)

const lined = (path: string) => () => (
  <Icon>
    <path d={path} />
  </Icon>
)

export const PlayIcon = filled(
  'M7.5 4.6v14.8c0 .7.8 1.1 1.4.7l11-7.4c.5-.3.5-1.1 0-1.4l-11-7.4c-.6-.4-1.4 0-1.4.7z',
)
export const PauseIcon = filled('M6.5 4.5h3.6v15H6.5zM13.9 4.5h3.6v15h-3.6z')
export const NextIcon = filled(
  'M5 5.4v13.2c0 .5.6.8 1 .5l9.2-6.6V19h2.4V5h-2.4v6.5L6 4.9c-.4-.3-1 0-1 .5z',
)
export const PreviousIcon = filled(
  'M19 5.4v13.2c0 .5-.6.8-1 .5l-9.2-6.6V19H6.4V5h2.4v6.5L18 4.9c.4-.3 1 0 1 .5z',
)
export const SoundIcon = lined(
  'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
)
export const MutedIcon = lined('M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5')
export const SubtitlesIcon = lined(
  'M5 5.5h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM6.5 14.7h3.7M13 14.7h4.5M6.5 11.5h6M15.5 11.5h2',
)
export const CastIcon = lined(
  'M4 9V7.5a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-4M4 18.5h.01M4 15.3a3.2 3.2 0 0 1 3.2 3.2M4 12.2a6.3 6.3 0 0 1 6.3 6.3',
)
export const FloatIcon = lined(
  'M5 5.5h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM12.5 12.5h5v3h-5z',
)
export const FullscreenIcon = lined('M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15')
export const LeaveFullscreenIcon = lined('M9 4.5V9H4.5M19.5 9H15V4.5M15 19.5V15h4.5M4.5 15H9v4.5')
export const PlusIcon = lined('M12 5v14M5 12h14')
export const CloseIcon = lined('M6 6l12 12M18 6L6 18')
export const CopyIcon = lined('M9 9h9.5v10.5H9zM6 15.5H5V4.5h10V6')
export const ListIcon = lined('M4 6.5h11M4 12h8M4 17.5h8M16 11.5v7l5.2-3.5z')
export const RemoveIcon = lined(
  'M5 7h14M9.5 7V4.5h5V7M7 7l.9 12.5h8.2L17 7M10.5 10.5v5.5M13.5 10.5v5.5',
)
export const SaveIcon = lined('M12 4.5v10.5M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14')
export const FilmIcon = lined(
  'M4.5 5.5h15v13h-15zM8.5 5.5v13M15.5 5.5v13M4.5 9.8h4M4.5 14.2h4M15.5 9.8h4M15.5 14.2h4',
)
export const MusicIcon = lined(
  'M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 15.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z',
)
export const ImageIcon = lined('M4.5 5.5h15v13h-15zM4.5 16l4.5-4.5 4 4 2.5-2.5 4 3.5M15 9.5h.01')
export const TextIcon = lined('M6.5 4h7.5l4 4v12h-11.5zM14 4v4h4M9.5 12.5h5.5M9.5 16h5.5')
export const HelpIcon = lined(
  'M9.3 9.3a2.8 2.8 0 1 1 4.2 2.5c-1 .6-1.5 1.1-1.5 2.2M12 17.3h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
)
