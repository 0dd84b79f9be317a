import { expect, test } from 'vitest'
import { ScriptedSwarm } from '../../../test/support/scripted-swarm.ts'
import { writeRequest } from '../wire/index.ts'

test('requests that are refused again and again end the connection', () => {
  const script = new ScriptedSwarm({ shares: true })
  const [peer] = script.add(1)
  peer!.greet()
  let turns = 0
  while (!peer!.isClosed && turns < 10_000) {
    peer!.say(writer => writeRequest(writer, 0, 0, 16_384))
    turns++
  }
  expect(turns).toBe(2049)
  expect(script.story.at(-1)).toBe('10.0.0.1:6881 lost requests-refused')
})

test('a full queue that is refused at once, and again after a minute, is no flood', () => {
  const script = new ScriptedSwarm({ shares: true })
  const [peer] = script.add(1)
  peer!.greet()
  for (let turn = 0; turn < 3; turn++) {
    peer!.say(writer => {
      for (let request = 0; request < 2048; request++) writeRequest(writer, 0, 0, 16_384)
    })
    script.wait(60_000)
  }
  expect(peer!.isClosed).toBe(false)
  expect(peer!.heardOf('reject')).toHaveLength(3 * 2048)
})
