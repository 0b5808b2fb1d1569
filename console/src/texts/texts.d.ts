declare module 'virtual:texts/names' {
  /** The names of texts, nested as in the catalogues; 0 is a text. */
  export interface TextNames {
    readonly [name: string]: TextNames | 0
  }
  export const textNames: TextNames
}

declare module 'virtual:texts/*' {
  /** The compiled texts of a catalogue, in the order of their names. */
  export type TextList = readonly unknown[]
  export const texts: TextList
}
