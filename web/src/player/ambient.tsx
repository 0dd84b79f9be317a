// Light from the picture on the wall around it: the frame, very small and very blurred, behind itself.
import { useEffect, useRef } from 'preact/hooks'
import type { Playback } from './playback.ts'

const EVERY_MS = 800
const WIDTH = 32
const HEIGHT = 18

export function Ambient({ playback }: { readonly playback: Playback }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d') ?? null
    if (context === null || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const paint = (): void => {
      const { element } = playback
      if (document.hidden || document.fullscreenElement !== null) return
      if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || element.videoWidth === 0)
        return
      // The old light stays under the new one for a while, so that a cut does not flash.
      context.globalAlpha = 0.4
      context.drawImage(element, 0, 0, WIDTH, HEIGHT)
    }
    const timer = setInterval(paint, EVERY_MS)
    return () => clearInterval(timer)
  }, [playback])
  return <canvas ref={canvas} class="ambient" width={WIDTH} height={HEIGHT} />
}
