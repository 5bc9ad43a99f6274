import { expect, test } from 'vitest';
import { scrub } from './scrub.ts';

test.each([
  ['app --api-key=abc123 --port 80', 'app --api-key=… --port 80'],
  ['app --token abc123', 'app --token …'],
  ['{"password": "a b c", "user": "x"}', '{"password": …, "user": "x"}'],
  ['Authorization: abc.def', 'Authorization: …'],
  ['curl -H "Authorization: Bearer hunter2" http://x/', 'curl -H "Authorization: … http://x/'],
  ['Authorization: Basic aGk6eW91', 'Authorization: …'],
  [String.raw`{"token": "a\"b c", "user": "x"}`, '{"token": …, "user": "x"}'],
  ['git clone https://ghp_abc@host/repo', 'git clone https://…@host/repo'],
  ['mail to me@example.org', 'mail to me@example.org'],
  ['sent Bearer abc.def', 'sent Bearer …'],
  ['connect postgres://me:hunter2@localhost/db', 'connect postgres://me:…@localhost/db'],
  ['AWS_SECRET_ACCESS_KEY=abc/def+1 started', 'AWS_SECRET_ACCESS_KEY=… started'],
  ['{"github_token":"abc","user":"x"}', '{"github_token":…,"user":"x"}'],
  ['pushed with ghp_0123456789abcdef0123456789', 'pushed with …'],
  ['key sk-proj-0123456789abcdefghij in use', 'key … in use'],
  ['sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.sig on', 'sent … on'],
  ['GET /index.html 200', 'GET /index.html 200'],
])('%s', (text, expected) => {
  expect(scrub(text)).toBe(expected);
});
