import { expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { leaseStore } from './lease.ts';
import { testClient } from './testing/test-client.ts';

const nock = useHttpMock();
const server = 'http://cluster.test';
const collection = '/apis/coordination.k8s.io/v1/namespaces/lab/leases';
const reference = { namespace: 'lab', name: 'operator' };
const spec = { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-03-01T12:00:00.000000Z' };
const query = { fieldManager: 'blockstill' };
const { signal } = new AbortController();

it('a Lease is read, made and replaced; whoever is beaten to it is told so', async () => {
  const type = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  const made = { ...type, metadata: reference, spec };
  const read = {
    ...made,
    metadata: { ...reference, uid: 'u', resourceVersion: '7', managedFields: [{ a: 1 }] },
  };
  const beaten = (reason: string) => ({ kind: 'Status', code: 409, reason });
  nock(server)
    .get(`${collection}/operator`)
    .reply(404, { kind: 'Status', reason: 'NotFound', details: { name: 'operator' } });
  nock(server).post(collection, made).query(query).reply(201, read);
  nock(server).get(`${collection}/operator`).reply(200, read);
  nock(server).put(`${collection}/operator`, read).query(query).reply(200, read);
  nock(server).post(collection).query(query).reply(409, beaten('AlreadyExists'));
  nock(server).put(`${collection}/operator`).query(query).reply(409, beaten('Conflict'));
  await using client = testClient(server);
  const leases = leaseStore(client, reference);
  expect(await leases.get(signal)).toBeUndefined();
  expect(await leases.create(spec, signal)).toEqual(read);
  expect(await leases.get(signal)).toEqual(read);
  expect(await leases.replace(read, signal)).toEqual(read);
  expect(await leases.create(spec, signal)).toBeUndefined();
  expect(await leases.replace(read, signal)).toBeUndefined();
});

it('a Lease that may not be read is an error', async () => {
  nock(server).get(`${collection}/operator`).reply(403, { kind: 'Status', reason: 'Forbidden', code: 403 });
  await using client = testClient(server);
  const read = leaseStore(client, reference).get(signal);
  await expect(read).rejects.toMatchObject({ code: 'cluster/forbidden' });
});
