/** What a load process drives: one write, done when the system has confirmed it as it is asked to. */

export interface Confirmed {
  readonly finality: 'score' | 'order';
  readonly rejected: boolean;
}

export interface Driver {
  /**
   * Sends one write and waits until it is confirmed.
   * @param connection which of the places in `LoadPlan.at`.
   * @throws with one line when it is not.
   */
  write(connection: number, key: string, value: Uint8Array): Promise<Confirmed>;
  /** After the measurement: confirms a sample once more, by itself. @returns how many. */
  audit(): number;
  close(): void;
}
