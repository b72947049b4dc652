import { expect, test } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { fetchByTls } from './fetch-by-tls.ts';

const http = useHttpMock();
const options = () => ({ field: 'spec.teacher.uri', signal: AbortSignal.timeout(20_000) });
const uri = 'https://models.example/model.json';

test('a redirect to another server with https is followed, relative ones included', async () => {
  http('https://models.example').get('/model.json').reply(302, '', { location: 'https://files.example/a/1' });
  http('https://files.example')
    .get('/a/1')
    .reply(307, '', { location: '2' })
    .get('/a/2')
    .reply(200, 'content');
  expect(await (await fetchByTls(uri, options())).text()).toBe('content');
});

test.each(['http://models.example/model.json', 'file:///etc/passwd', 'data:text/plain,content'])(
  'a redirect to %s is not followed',
  async (location) => {
    http('https://models.example').get('/model.json').reply(302, '', { location });
    await expect(fetchByTls(uri, options())).rejects.toMatchObject({
      code: 'storage/insecure-redirect',
      where: 'spec.teacher.uri',
    });
  },
);

test('a server that leads on and on is left', async () => {
  http('https://models.example').get('/model.json').times(6).reply(302, '', { location: uri });
  await expect(fetchByTls(uri, options())).rejects.toMatchObject({
    code: 'storage/download',
    message: expect.stringContaining('more than 5 other places') as unknown,
  });
});

test.each([404, 500, 304])('an answer of %i says so', async (status) => {
  http('https://models.example').get('/model.json').reply(status);
  await expect(fetchByTls(uri, options())).rejects.toMatchObject({
    code: 'storage/download',
    message: `"${uri}" answered ${status}.`,
  });
});
