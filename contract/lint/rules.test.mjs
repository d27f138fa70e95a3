// Every rule of rules.yaml finds what it is for.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

import spectral from '@stoplight/spectral-core'
import parsers from '@stoplight/spectral-parsers'
import { commonjs } from '@stoplight/spectral-ruleset-bundler/plugins/commonjs'
import loader from '@stoplight/spectral-ruleset-bundler/with-loader'

const contract = fileURLToPath(new URL('../../openapi.yaml', import.meta.url))
const rules = fileURLToPath(new URL('rules.yaml', import.meta.url))

const linter = new spectral.Spectral()
linter.setRuleset(await loader.bundleAndLoadRuleset(rules, { fs, fetch }, [commonjs()]))

const json = JSON.stringify(parsers.Yaml.parse(fs.readFileSync(contract, 'utf8')).data)

async function broken(change) {
  const doc = JSON.parse(json)
  change(doc)
  const results = await linter.run(new spectral.Document(JSON.stringify(doc), parsers.Json))
  return [...new Set(results.map((result) => result.code))]
}

const list = (doc) => doc.paths['/v1/customers'].get
const create = (doc) => doc.paths['/v1/customers'].post
const one = (doc) => doc.paths['/v1/customers/{customer_id}'].get
const properties = (doc) => doc.components.schemas.Customer.properties

const changes = {
  'operation-id-verb-noun': [
    (doc) => { list(doc).operationId = 'customersList' },
    (doc) => { list(doc).operationId = 'list_customers' },
  ],
  'summary-given': [(doc) => { delete list(doc).summary }, (doc) => { list(doc).tags = [] }],
  'everything-described': [
    (doc) => { delete doc.tags[0].description },
    (doc) => { delete doc.components.parameters.Page.description },
    (doc) => { delete list(doc).parameters.at(-1).description },
    (doc) => { delete doc.components.headers.ETag.description },
    (doc) => { delete doc.components.schemas.UUID.description },
    (doc) => { properties(doc).legal_name.description = ' ' },
    (doc) => { delete create(doc).requestBody.description },
    (doc) => { delete doc.components.responses.NotFound.description },
    (doc) => { delete doc.components.links.GetInvoice.description },
  ],
  'objects-named': [
    (doc) => { properties(doc).address = { type: 'object', description: 'Where.', properties: {} } },
    (doc) => { properties(doc).address = { description: 'Where.', allOf: [{ $ref: '#/components/schemas/Address' }] } },
    (doc) => { properties(doc).billing_emails.items = { type: 'object', description: 'One.' } },
    (doc) => { create(doc).requestBody.content['application/json'].schema = { type: 'object' } },
  ],
  'answers-in-envelopes': [
    (doc) => { list(doc).responses[200].content['application/json'].schema.$ref = '#/components/schemas/CustomerList' },
    (doc) => { list(doc).responses[200].content['application/json'].schema = { type: 'array' } },
    (doc) => { doc.components.responses.NotFound.content['application/json'].schema.$ref = '#/components/schemas/ErrorDetail' },
  ],
  'errors-shared': [
    (doc) => { list(doc).responses[400] = doc.components.responses.InvalidParameters },
    (doc) => { list(doc).responses.default = doc.components.responses.InternalError },
  ],
  'errors-declared': [(doc) => { delete list(doc).responses[403] }, (doc) => { delete create(doc).responses[503] }],
  'errors-of-bodies-declared': [(doc) => { delete create(doc).responses[415] }],
  'errors-of-ids-declared': [(doc) => { delete one(doc).responses[404] }],
  'error-codes-declared': [
    (doc) => { delete doc.components.responses.NotFound['x-error-codes'] },
    (doc) => { doc.components.responses.NotFound['x-error-codes'] = [] },
  ],
  'request-id-in-every-answer': [
    (doc) => { delete one(doc).responses[304].headers },
    (doc) => { delete doc.components.responses.NotFound.headers['X-Request-Id'] },
  ],
}

test('the contract keeps them all', async () => assert.deepEqual(await broken(() => {}), []))

for (const [rule, each] of Object.entries(changes)) {
  test(rule, async () => {
    for (const change of each) {
      assert.deepEqual(await broken(change), [rule], String(change))
    }
  })
}

test('no rule is left out', () => {
  const { rules: all } = parsers.Yaml.parse(fs.readFileSync(rules, 'utf8')).data
  assert.deepEqual(Object.keys(changes).sort(), Object.keys(all).sort())
})
