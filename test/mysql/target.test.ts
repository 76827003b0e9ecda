import { describe, expect, test } from 'vitest'
import { parseTarget } from '../../src/mysql/connect.ts'

describe('parseTarget', () => {
  test('reads every part and decodes it', () => {
    expect(parseTarget('mysql://app:p%40ss@db.example:3307/shop?tls=on')).toEqual({
      host: 'db.example',
      port: 3307,
      user: 'app',
      password: 'p@ss',
      schema: 'shop',
      tls: 'on',
    })
  })

  test('verifies the certificate of a host that is not this machine', () => {
    expect(parseTarget('mysql://app@db.example/shop').tls).toBe('verify')
    expect(parseTarget('mysql://app@127.0.0.1/shop').tls).toBe('off')
  })

  test.each([
    'not a url',
    'postgres://app:secret@host/shop',
    'mysql:///shop',
    'mysql://app:secret@host/shop?tls=maybe',
    'mysql://app:secret@host/shop?ssl=1',
    'mysql://app:%zz@host/secret',
  ])('refuses %s without repeating it', (url) => {
    const error = (() => {
      try {
        return parseTarget(url)
      } catch (caught) {
        return caught
      }
    })()

    expect(error).toMatchObject({ code: 'BAD_URL' })
    expect(String(error)).not.toContain('secret')
  })
})
