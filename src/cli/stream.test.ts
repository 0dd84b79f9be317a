import { expect, test } from 'vitest'
// What is measured is not how long the floor below takes to load.
import '../node/index.ts'
import { prepareFolder } from './stream.ts'

test.runIf(process.platform === 'linux')(
  'a folder that cannot be made is told, not tried for ever',
  async () => {
    await expect(prepareFolder('/proc/torrent-live/a', 'Choose another')).rejects.toMatchObject({
      name: 'NoFolder',
      message:
        'Cannot store anything in /proc/torrent-live/a: the system lets nothing be made there. Choose another, or correct it.',
    })
  },
)
