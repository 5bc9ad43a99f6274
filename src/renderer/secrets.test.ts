import { describe, expect, test } from 'vitest';
import { servicePart } from './config-part.ts';
import { hideIn, hideWords } from './secrets.ts';
import { explainCheck, explainRemedy } from './settings/explain.ts';

const check = {
  type: 'http',
  url: 'http://mia:hunter2@127.0.0.1:3000/health?page=1&api_key=hunter2&b=hunter2',
  headers: { Authorization: 'Bearer hunter2', 'x-strange': 'a"b}hunter2' },
};
const remedy = {
  type: 'command',
  run: ['curl', '-H', 'Authorization: Bearer hunter2', '--token', 'hunter2', '--password=hunter2', 'https://u:hunter2@hunter2@host/x'],
  env: { NOTHING_TELLING: 'hunter2' },
};
const file = JSON.stringify({ services: [{ id: 'web', name: 'Token server', check, recovery: [remedy] }] });

describe('a secret of the configuration', () => {
  test('is hidden wherever it stands, and everything else can be read', () => {
    const part = servicePart(file, 'web', true) ?? '';
    expect(part).not.toContain('hunter2');
    expect(JSON.parse(part)).toEqual({
      id: 'web',
      name: 'Token server',
      check: {
        type: 'http',
        url: 'http://•••@127.0.0.1:3000/health?page=1&api_key=•••',
        headers: { Authorization: '•••', 'x-strange': '•••' },
      },
      recovery: [
        {
          type: 'command',
          run: ['curl', '-H', 'Authorization: •••', '--token', '•••', '--password=•••', 'https://•••@host/x'],
          env: { NOTHING_TELLING: '•••' },
        },
      ],
    });
  });

  test('is shown when it is asked for', () => {
    expect(JSON.parse(servicePart(file, 'web') ?? '')).toMatchObject({ check, recovery: [remedy] });
  });

  test('is hidden in the sentences about checks and remedies', () => {
    expect(`${explainCheck(check)} ${explainRemedy(remedy)}`).not.toContain('hunter2');
    expect(explainRemedy({ type: 'http', url: 'http://u:hunter2@h/?key=hunter2' })).toBe(
      'May send a POST request to http://•••@h/?key=•••.',
    );
  });

  test('is not seen in what is none', () => {
    const plain = ['http://127.0.0.1:3000/@mia', 'clawdbot-gateway', '/keyboard/author', '--keep', '10', 'monkey=1', 'Token server'];
    expect(plain.map(hideIn)).toEqual(plain);
    expect(hideWords(plain)).toEqual(plain);
  });
});
