import { describe, expect, test } from 'vitest';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { isUnitMessage } from '../contract/unit-message.ts';
import { failureWords, interruptedWords } from './last-words.ts';

describe('the last words of a worker without a result', () => {
  test('are the sentence, the place and the remedy of an error for users', () => {
    const error = new InvalidInputError('data/not-found', 'There is no file "/data/train.npz".', {
      where: 'spec.dataset.train.uri',
      hint: 'Check the path.',
    });
    expect(failureWords(error)).toBe(
      'spec.dataset.train.uri: There is no file "/data/train.npz".\nCheck the path.\n(data/not-found)',
    );
  });

  test('have no stack for a defect, and say where it is', () => {
    expect(failureWords(new TypeError('x is not a function'))).toBe(
      'TypeError: x is not a function\nThis is a defect of Blockstill; see the logs of the pod.',
    );
    expect(failureWords('thrown text')).toBe(
      'thrown text\nThis is a defect of Blockstill; see the logs of the pod.',
    );
  });

  test.each([
    { character: 'a', bytes: 1 },
    { character: 'ä', bytes: 2 },
    { character: '層', bytes: 3 },
    { character: '𝛁', bytes: 4 },
  ])('end with a whole character where they are cut: $character', ({ character, bytes }) => {
    for (const shift of ['', '1', '12', '123']) {
      const text = `${shift}${character.repeat(3000)}`;
      const words = failureWords(new BlockstillError('data/format', text));
      // The mark that something is missing has 3 bytes.
      const whole = Math.floor((2000 - 3 - shift.length) / bytes);
      expect(words).toBe(`${shift}${character.repeat(whole)}…`);
      expect(Buffer.byteLength(failureWords(new Error(text)))).toBeLessThanOrEqual(2000);
    }
  });

  test('say after an interruption what the next attempt does', () => {
    expect(interruptedWords('prepare')).toBe('Interrupted; the next attempt starts again.');
    expect(interruptedWords('distill')).toBe(
      'Interrupted; the next attempt goes on from the last checkpoint.',
    );
  });

  test('are never taken for the message of a committed unit', () => {
    expect(isUnitMessage(failureWords(new Error('blockstill-1:')))).toBe(false);
  });
});
