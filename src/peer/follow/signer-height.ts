/** The committed height that a signer claims in its status. Only a hint: nothing verifies it. */

const answerBytesMax = 64 << 10;

/** @returns undefined when there is no sensible answer in time. Never throws. */
export async function claimedHeight(url: string, timeoutMs: number): Promise<number | undefined> {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/v1/status`, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok || !response.body) return undefined;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body) {
      bytes += part.length;
      if (bytes > answerBytesMax) return undefined;
      parts.push(part);
    }
    const { height } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { height?: unknown };
    return Number.isSafeInteger(height) ? (height as number) : undefined;
  } catch {
    // A signer that cannot be asked says nothing, like one that is down.
    return undefined;
  }
}
