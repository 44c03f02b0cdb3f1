/** What a link is like, and how a spell of bad weather makes every link worse. */

export interface LinkQuality {
  /** One-way latency in ms, plus an exponential jitter with the given mean. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Chance that a message is lost, and that it arrives twice. */
  readonly loss: number;
  readonly duplication: number;
  /** Without it messages of one link arrive in order, like on a connection. */
  readonly reorder: boolean;
}

/** Added to what the network is anyway. */
export const fairWeather: LinkQuality = {
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  duplication: 0,
  reorder: false,
};
