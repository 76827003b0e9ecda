import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { test as base, describe, expect } from 'vitest'
import { createVerifier } from '../../../bot/api/oidc.ts'

const AUDIENCE = 'https://crossfade.example.com'
const NOW = new Date('2026-03-01T10:00:00Z')
const SECONDS = Math.floor(NOW.getTime() / 1000)

const CLAIMS = {
  aud: AUDIENCE,
  jti: 'token-1',
  iat: SECONDS,
  nbf: SECONDS,
  exp: SECONDS + 300,
  event_name: 'pull_request',
  ref: 'refs/pull/7/merge',
  repository: 'acme/shop',
  repository_id: '42',
  repository_owner_id: '5',
  actor: 'alice',
}

/** An issuer on this machine, and a verifier that trusts it. */
const test = base.extend('issuer', async ({ task: _ }, { onCleanup }) => {
  const keys = await generateKeyPair('RS256')
  const strangers = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256' }
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onCleanup(async () => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const verify = createVerifier({ issuer, audience: AUDIENCE, now: () => NOW })
  const sign = (claims: JWTPayload, key = keys.privateKey) =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(key)
  return { verify, sign, forge: (claims: JWTPayload) => sign(claims, strangers.privateKey) }
})

describe('a verifier of workflow tokens', () => {
  test('says whose run it is', async ({ issuer }) => {
    const token = await issuer.sign(CLAIMS)

    expect(await issuer.verify(`Bearer ${token}`)).toMatchObject({
      repositoryId: 42,
      ownerId: 5,
      owner: 'acme',
      repo: 'shop',
      pullRequest: 7,
      actor: 'alice',
      tokenId: 'token-1',
    })
  })

  test.for([
    ['for somebody else', { aud: 'https://other.example.com' }, 'wrong aud'],
    ['of another issuer', { iss: 'https://other.example.com' }, 'wrong iss'],
    ['that has expired', { exp: SECONDS - 31 }, 'has expired'],
    ['that is not valid yet', { nbf: SECONDS + 31 }, 'wrong nbf'],
    ['without an id', { jti: undefined }, 'wrong jti'],
    ['of a push', { event_name: 'push' }, 'not of a pull_request workflow'],
    ['of pull_request_target', { event_name: 'pull_request_target' }, 'not of a pull_request'],
    ['of a branch', { ref: 'refs/heads/main' }, 'names no pull request'],
    ['of a pull request’s branch', { ref: 'refs/pull/7/head' }, 'names no pull request'],
    ['of a repository without a number', { repository_id: 'shop' }, 'no repository_id'],
  ] as const)('refuses a token %s', async ([, change, reason], { issuer }) => {
    const token = await issuer.sign({ ...CLAIMS, ...change } as JWTPayload)

    await expect(issuer.verify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
      message: expect.stringContaining(reason),
    })
  })

  test('refuses a forged signature, another algorithm, and no token at all', async ({ issuer }) => {
    const unsigned = [{ alg: 'none' }, { ...CLAIMS, iss: 'x' }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const tokens = [
      `Bearer ${await issuer.forge(CLAIMS)}`,
      `Bearer ${unsigned}.`,
      `Bearer ${unsigned}.AAAA`,
      'Basic YTpi',
      undefined,
    ]

    for (const token of tokens) {
      await expect(issuer.verify(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    }
  })
})
