/** The built page in front of a real hub: the hub itself where it serves the page, else a preview that hands on. */

import { preview } from 'vite';

export interface Front {
  url: string;
  stop: () => Promise<void>;
}

export async function frontOf(hub_url: string): Promise<Front> {
  const answer = await fetch(hub_url).catch(() => null);
  const type = answer?.headers.get('content-type') ?? '';
  if (answer?.ok && type.includes('text/html')) return { url: hub_url, stop: async () => {} };
  process.env.TICKWIRE_URL = hub_url;
  const server = await preview({
    root: `${import.meta.dirname}/../..`,
    logLevel: 'silent',
    preview: { port: 0, host: '127.0.0.1' },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error('the preview does not listen');
  return { url, stop: () => server.close() };
}
