/** The formats that the terminal renderer uses; the names are those of node:util's styleText. */
export type Format = 'red' | 'yellow' | 'cyan' | 'blue' | 'green' | 'bold' | 'dim';

/** Dresses a text; the renderer itself knows no escape sequences. */
export type Style = (format: Format, text: string) => string;

/** For files, pipes and NO_COLOR. */
export const plain: Style = (_format, text) => text;
