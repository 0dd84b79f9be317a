// Names of releases have no spaces: they may break after their dots, dashes and strokes instead.

export const Breakable = ({ name }: { readonly name: string }) => (
  <>
    {name
      .split(/(?<=[._/-])(?=[^._/-])/)
      .flatMap((part, index) => (index === 0 ? [part] : [<wbr key={index} />, part]))}
  </>
)
