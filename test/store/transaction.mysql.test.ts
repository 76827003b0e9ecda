import { describe, expect } from 'vitest'
import { closeDeployRequest, projectAgain } from '../../src/store/deploy-requests.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { ALICE, AT, aRequest, test } from './a-store.ts'

describe('inTransaction', () => {
  test('starts again when the server ended it to break a deadlock', async ({ store }) => {
    const [one, two] = [
      await aRequest(store, { pullRequest: 1 }),
      await aRequest(store, { pullRequest: 2 }),
    ]
    const holds = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    const attempts = { one: 0, two: 0 }
    const crossing = async (name: 'one' | 'two') => {
      const [first, then] = name === 'one' ? [one, two] : [two, one]
      const [mine, other] = name === 'one' ? holds : [holds[1], holds[0]]
      await inTransaction(store, async (trx) => {
        attempts[name] += 1
        await projectAgain(trx, first.id)
        mine.resolve()
        await other.promise
        await projectAgain(trx, then.id)
      })
    }

    await Promise.all([crossing('one'), crossing('two')])

    expect(attempts.one + attempts.two).toBe(3)
    const rows = await store.selectFrom('deploy_request').select('revision').execute()
    expect(rows).toEqual([{ revision: 3 }, { revision: 3 }])
  })

  test('is part of the transaction around it', async ({ store }) => {
    const { id } = await aRequest(store)
    const work = inTransaction(store, async (trx) => {
      await closeDeployRequest(trx, id, { at: AT, by: ALICE })
      throw new RangeError('later')
    })

    await expect(work).rejects.toThrow('later')
    expect(await store.selectFrom('deploy_request').select('state').execute()).toEqual([
      { state: 'open' },
    ])
  })
})
