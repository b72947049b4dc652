import { expect, it } from 'vitest';
import { pinnedImage } from './pinned-image.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

it.each([
  { image: 'docker.io/blockstill/worker:1', id: `docker.io/blockstill/worker@${digest}` },
  { image: 'blockstill/worker', id: `docker.io/blockstill/worker@${digest}` },
  { image: 'worker:1', id: `docker.io/library/worker@${digest}` },
  { image: 'localhost/worker:1', id: `localhost/worker@${digest}` },
  { image: 'registry:5000/worker:1', id: `registry:5000/worker@${digest}` },
  { image: 'registry.example/team/worker:1', id: `docker-pullable://registry.example/team/worker@${digest}` },
])('$image that ran as $id is pinned to that', ({ image, id }) => {
  expect(pinnedImage(image, id)).toBe(id.replace('docker-pullable://', ''));
});

it.each([
  { of: 'a node that does not say', image: 'worker:1', id: undefined },
  { of: 'an image that was loaded on the node and has no repository', image: 'worker:1', id: digest },
  { of: 'a mirror', image: 'worker:1', id: `mirror.example/worker@${digest}` },
  {
    of: 'an image of another name with the same contents',
    image: 'worker:1',
    id: `docker.io/me/worker@${digest}`,
  },
  {
    of: 'an image that is pinned already',
    image: `worker@${digest}`,
    id: `docker.io/library/worker@${digest}`,
  },
  { of: 'an empty text', image: 'worker:1', id: '' },
])('nothing is pinned for $of', ({ image, id }) => {
  expect(pinnedImage(image, id)).toBeUndefined();
});
