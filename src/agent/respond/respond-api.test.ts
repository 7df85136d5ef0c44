import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cannotEnforce, Namespace } from '../../enforce/namespace.fixture.ts';
import { readManifests } from '../../manifest/read.ts';
import { compilePosture } from '../../posture/compile.ts';
import { openMemoryStore } from '../../store/memory.ts';
import { ask, testView } from '../http.fixture.ts';
import { type HttpService, serve } from '../http.ts';
import { Responder } from './responder.ts';

const secret = 'of this machine';

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body = '{"by":"anna"}',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers: { 'content-length': String(body.length), ...headers }, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const listen = [{ host: '127.0.0.1', port: 0, console: false }];

test('without responses nothing is posted', async () => {
  const service = await serve({ view: testView(), consoleDir: '/nonexistent', listen });
  const url = `${service.urls[0]}api/v1/responses`;
  expect((await post(`${url}/r1/approve`, { 'picket-approval': secret })).status).toBe(405);
  expect((await ask(url)).status).toBe(404);
  await service.close();
});

describe.skipIf(cannotEnforce !== undefined)(
  `responses over HTTP${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    let space: Namespace;
    let service: HttpService;
    let url: string;
    const folder = mkdtempSync(join(tmpdir(), 'picket-respond-api-'));
    beforeAll(async () => {
      space = new Namespace('api');
      const responder = new Responder({
        folder,
        runner: space.runner,
        store: openMemoryStore(),
        declared: { playbooks: undefined, posture: compilePosture(readManifests([])), assertions: [] },
        hints: () => ({ sshConnection: undefined, resolvConf: [], admins: [], ownPorts: [] }),
        notice: () => undefined,
        now: Date.now,
      });
      const respond = {
        secret,
        list: () => responder.list(),
        approve: (id: string, by: string) => responder.approve(id, by),
        deny: (id: string, by: string, why: string) => responder.deny(id, by, why),
        undo: (id: string, by: string, why: string) => responder.undo(id, by, why),
        panic: (by: string, why: string) => responder.panic(by, why),
        resume: (by: string) => responder.resume(by),
      };
      service = await serve({ view: { ...testView(), respond }, consoleDir: '/nonexistent', listen });
      url = `${service.urls[0]}api/v1/responses`;
    });
    afterAll(async () => {
      await service.close();
      space[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    });

    const good = { 'picket-approval': secret, 'content-type': 'application/json' };

    test('who has the secret may act, and is told what came of it', async () => {
      expect(JSON.parse((await ask(url)).body)).toEqual({ schemaVersion: 1, rows: [] });
      expect(await post(`${url}/r1/approve`, good)).toMatchObject({
        status: 409,
        body: expect.stringContaining('there is no response r1'),
      });
      expect((await post(`${url}/panic`, good, '{"by":"anna","why":"a test"}')).status).toBe(200);
      expect((await post(`${url}/resume`, good)).status).toBe(200);
      expect((await post(`${url}/r1/explode`, good)).status).toBe(404);
    });

    test.each<[string, Record<string, string>, string, number]>([
      ['no secret', { 'content-type': 'application/json' }, '{"by":"anna"}', 403],
      ['another secret', { ...good, 'picket-approval': 'x' }, '{"by":"anna"}', 403],
      ['a page of another site', { ...good, origin: 'http://attacker.example' }, '{"by":"anna"}', 403],
      ['another site by the browser', { ...good, 'sec-fetch-site': 'cross-site' }, '{"by":"anna"}', 403],
      ['another name of this machine', { ...good, host: 'attacker.example' }, '{"by":"anna"}', 421],
      ['a form', { ...good, 'content-type': 'text/plain' }, '{"by":"anna"}', 400],
      ['nobody', good, '{}', 400],
      ['no JSON', good, '{', 400],
      ['too much', good, `{"by":"anna","why":"${'x'.repeat(5000)}"}`, 400],
    ])('refused: %s', async (_, headers, body, status) => {
      expect((await post(`${url}/panic`, headers, body)).status).toBe(status);
    });

    test('other ways stay closed to all but reading', async () => {
      expect((await post(url, good)).status).toBe(405);
      expect((await post(`${service.urls[0]}api/v1/status`, good)).status).toBe(405);
    });
  },
);
