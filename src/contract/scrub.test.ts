import { expect, test } from 'vitest';
import { scrub } from './scrub.ts';

test.each([
  ['app --api-key=abc123 --port 80', 'app --api-key=… --port 80'],
  ['app --token abc123', 'app --token …'],
  ['{"password": "a b c", "user": "x"}', '{"password": …, "user": "x"}'],
  ['Authorization: abc.def', 'Authorization: …'],
  ['curl -H "Authorization: Bearer hunter2" http://x/', 'curl -H "Authorization: …" http://x/'],
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

const SECRET = 'SECRETv4lue9xQ';
const LONG = 'Zk3tQ9vX2mB7nL5pR8wY1cD6';

test.each([
  // environments and files of settings
  ...['PGPASSWORD=', 'MYSQL_PWD=', 'GITHUB_PAT=', 'NPM_AUTH=', 'SESSION_KEY=', 'STRIPE_KEY=', '//r.example/:_auth=', 'pass: '].map(
    (name) => name + SECRET,
  ),
  `export API_KEY="${SECRET} with a space"`,
  `machine h login me password ${SECRET}`,
  `Server=x;User=sa;Pwd=${SECRET};`,
  `AccountKey=${LONG}${LONG}==;EndpointSuffix=x`,
  // headers
  `Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524, Signature=${SECRET}`,
  `Authorization: ApiKey ${SECRET}`,
  `Authorization: Digest username="x", response="${SECRET}"`,
  `Proxy-Authorization: Negotiate ${SECRET}`,
  `Cookie: session=${SECRET}; a=b`,
  `Set-Cookie: sid=${SECRET}; HttpOnly`,
  `x-auth: ${SECRET}`,
  // values in programs' own writing
  `{\\"password\\":\\"${SECRET}\\"}`,
  `{"auth":"${SECRET}"}`,
  `password => "${SECRET}"`,
  // command lines
  `mysql -u root -p${SECRET}`,
  `sshpass -p ${SECRET} ssh host`,
  `redis-cli -a ${SECRET}`,
  `curl -u user:${SECRET} http://x`,
  `tool --pass ${SECRET}`,
  `tool --auth ${SECRET}`,
  `tool --key=${SECRET}`,
  `tool --token "${SECRET} more"`,
  // addresses
  `postgres://user:p@${SECRET}@host/db`,
  `postgres://user:p/${SECRET}@host/db`,
  `redis://:${SECRET}@host:6379`,
  `https://x/?sig=${SECRET}&key=${SECRET}`,
  `https://api.telegram.org/bot123456789:AAF${LONG}abcdefgh_-k/getMe`,
  `https://hooks.slack.com/services/T00000000/B00000000/${LONG}`,
  `https://discord.com/api/webhooks/123456789012345678/${LONG}${LONG}`,
  // keys by their shape
  ...[
    'xapp-1-A0-',
    'AIzaSyD-abcdefghi',
    'glpat-',
    'npm_',
    'hf_',
    'ya29.a0',
    'whsec_',
    `SG.${LONG}.`,
    'dop_v1_',
    'pypi-AgEI',
    'gsk_',
    'sk-ant-api03-',
  ].map((begin) => `got ${begin}${LONG}`),
  // private keys, over lines and within one
  `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${LONG}\n-----END PGP PRIVATE KEY BLOCK-----`,
  `-----BEGIN OPENSSH PRIVATE KEY-----\\n${LONG}\\n-----END OPENSSH PRIVATE KEY-----`,
  `-----BEGIN RSA PRIVATE KEY-----\n${LONG}${LONG}\n${LONG}`,
  `${LONG}\n-----END RSA PRIVATE KEY-----\nafter`,
])('no secret is left: %s', (text) => {
  const clean = scrub(text);
  for (const secret of [SECRET, LONG, 'AKIAIOSFODNN7EXAMPLE']) expect(clean).not.toContain(secret);
  expect(scrub(clean)).toBe(clean);
});

test.each([
  'password authentication failed for user "bob"',
  "SyntaxError: Unexpected token '}' in JSON at position 4",
  'basic auth failed for user bob',
  'docker run -p 8080:80 shop, then ssh -p 22 host, mkdir -p ./logs',
  'Server listening on http://127.0.0.1:3000/, mail to bob@example.org',
])('what tells what went wrong is left: %s', (text) => {
  expect(scrub(text)).toBe(text);
});

test('a log that only speaks of a private key loses nothing that follows', () => {
  const text = 'config: must start with -----BEGIN PRIVATE KEY-----\nError: listen EADDRINUSE\n';
  expect(scrub(text)).toContain('Error: listen EADDRINUSE');
});

// It runs on the engine's thread over what a stranger wrote: a long word must not hold it. The old patterns took minutes.
test.each(['a', '-', '_key', 'eyJaaaaaaaaa', 'a://', 'a:b@', 'token ', 'token=', '-----BEGIN PRIVATE KEY-----', '\\"', 'cookie:', ' -a '])(
  'a megabyte of %s is no matter',
  { timeout: 20_000 },
  (word) => {
    expect(scrub(word.repeat(1_000_000 / word.length)).length).toBeGreaterThan(0);
  },
);
