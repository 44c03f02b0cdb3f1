/** Networks by name: what commands, files and the page call them. */

/** `lan`: one building; `aws`: 21 regions of a cloud; `cities`: 217 cities; the last two are measured. */
export const networkNames = ['lan', 'aws', 'cities'] as const;

export type NetworkName = (typeof networkNames)[number];
