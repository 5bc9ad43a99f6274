import { expect, test } from 'vitest';
import { scrub } from './scrub.ts';

test.each([
  ['app --api-key=abc123 --port 80', 'app --api-key=… --port 80'],
  ['app --token abc123', 'app --token …'],
  ['{"password": "a b c", "user": "x"}', '{"password": …, "user": "x"}'],
  ['Authorization: abc.def', 'Authorization: …'],
  ['sent Bearer abc.def', 'sent Bearer …'],
  ['connect postgres://me:hunter2@localhost/db', 'connect postgres://me:…@localhost/db'],
  ['GET /index.html 200', 'GET /index.html 200'],
])('%s', (text, expected) => {
  expect(scrub(text)).toBe(expected);
});
