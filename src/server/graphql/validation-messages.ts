import {
  type ArgumentNode,
  type ASTNode,
  type DirectiveNode,
  ExecutableDefinitionsRule,
  type FieldNode,
  FieldsOnCorrectTypeRule,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  FragmentsOnCompositeTypesRule,
  type GraphQLError,
  type GraphQLInputType,
  getNamedType,
  type InlineFragmentNode,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
  Kind,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownTypeNamesRule,
  LoneAnonymousOperationRule,
  MaxIntrospectionDepthRule,
  type NamedTypeNode,
  type NameNode,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  type ObjectValueNode,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  type SelectionSetNode,
  SingleFieldSubscriptionsRule,
  type TypeNode,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
  ValuesOfCorrectTypeRule,
  type VariableDefinitionNode,
  type VariableNode,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
} from 'graphql'
import { KeysteadError } from '../../errors.ts'
import { expectedValue, missingField, notOneField, unknownField } from './input-messages.ts'
import { quoteName, RequestError } from './request-error.ts'

/** Writes the message for an error of a rule from its nodes and the current position in the document. */
type Describe = (nodes: readonly ASTNode[], context: ValidationContext) => string

/**
 * Rewrites a validation error. The message follows from the rule, the nodes of the error and the schema. It quotes names
 * of the document, never values.
 */
export function describeValidationError(
  rule: ValidationRule,
  error: GraphQLError,
  { context, showsSchema }: { readonly context: ValidationContext; readonly showsSchema: boolean },
): RequestError {
  // Thrown by a custom scalar, with a text of the product.
  const { originalError: own } = error
  if (own instanceof KeysteadError) return new RequestError(own.message, own.code)
  const nodes = error.nodes ?? []
  const [node] = nodes
  if (rule === ValuesOfCorrectTypeRule && node?.kind === Kind.OBJECT_FIELD) {
    const type = getNamedType(context.getParentInputType())
    if (isInputObjectType(type)) return new RequestError(unknownField(type, node.name.value, showsSchema))
  }
  return new RequestError(descriptions.get(rule)?.(nodes, context) ?? 'The document is not valid.')
}

/** Entry for a rule. `describe` gets the first node of the error, which is of the kind that the rule checks. */
function messageFor<First extends ASTNode>(
  rule: ValidationRule,
  describe: (first: First, context: ValidationContext, nodes: readonly ASTNode[]) => string,
): [ValidationRule, Describe] {
  return [
    rule,
    (nodes, context) => {
      const [first] = nodes
      return first === undefined ? 'The document is not valid.' : describe(first as First, context, nodes)
    },
  ]
}

const descriptions: ReadonlyMap<ValidationRule, Describe> = new Map([
  messageFor(ExecutableDefinitionsRule, () => 'A document holds operations and fragments only.'),
  messageFor<NameNode>(
    UniqueOperationNamesRule,
    (name) => `There can be only one operation named ${textOf(name)}.`,
  ),
  messageFor(
    LoneAnonymousOperationRule,
    () => 'An operation without a name must be the only one of its document.',
  ),
  messageFor(
    SingleFieldSubscriptionsRule,
    () => 'A subscription must have exactly one top-level field, which must not be an introspection field.',
  ),
  messageFor<NamedTypeNode>(KnownTypeNamesRule, ({ name }) => `Unknown type ${textOf(name)}.`),
  messageFor<TypeNode>(
    FragmentsOnCompositeTypesRule,
    (type) => `A fragment cannot be on ${typeText(type)}, which has no fields.`,
  ),
  messageFor<TypeNode>(
    VariablesAreInputTypesRule,
    (type) => `A variable cannot be of type ${typeText(type)}.`,
  ),
  messageFor<FieldNode | SelectionSetNode>(ScalarLeafsRule, describeLeaf),
  messageFor<FieldNode>(
    FieldsOnCorrectTypeRule,
    ({ name }, context) => `Cannot query field ${textOf(name)} on type "${context.getParentType()}".`,
  ),
  messageFor<NameNode>(
    UniqueFragmentNamesRule,
    (name) => `There can be only one fragment named ${textOf(name)}.`,
  ),
  messageFor<NameNode>(KnownFragmentNamesRule, (name) => `Unknown fragment ${textOf(name)}.`),
  messageFor<FragmentDefinitionNode>(
    NoUnusedFragmentsRule,
    ({ name }) => `Fragment ${textOf(name)} is never used.`,
  ),
  messageFor<InlineFragmentNode | FragmentSpreadNode>(PossibleFragmentSpreadsRule, describeSpread),
  messageFor<FragmentSpreadNode>(
    NoFragmentCyclesRule,
    (first, _context, spreads) =>
      `Fragment ${textOf(((spreads.at(-1) ?? first) as FragmentSpreadNode).name)} spreads itself.`,
  ),
  messageFor<NameNode>(
    UniqueVariableNamesRule,
    (name) => `There can be only one variable named ${textOf(name)}.`,
  ),
  messageFor<VariableNode>(
    NoUndefinedVariablesRule,
    ({ name }) => `Variable ${textOf(name)} is not defined.`,
  ),
  messageFor<VariableDefinitionNode>(
    NoUnusedVariablesRule,
    ({ variable }) => `Variable ${textOf(variable.name)} is never used.`,
  ),
  messageFor<DirectiveNode>(KnownDirectivesRule, ({ name }, context) =>
    context.getSchema().getDirective(name.value)
      ? `Directive ${textOf(name)} cannot be used here.`
      : `Unknown directive ${textOf(name)}.`,
  ),
  messageFor<DirectiveNode>(
    UniqueDirectivesPerLocationRule,
    ({ name }) => `Directive ${textOf(name)} can be used only once in one place.`,
  ),
  messageFor<ArgumentNode>(
    KnownArgumentNamesRule,
    ({ name }, context) => `Unknown argument ${textOf(name)} of ${holderOf(context)}.`,
  ),
  messageFor<NameNode>(
    UniqueArgumentNamesRule,
    (name) => `There can be only one argument named ${textOf(name)}.`,
  ),
  messageFor<ValueNode>(ValuesOfCorrectTypeRule, describeValue),
  messageFor<FieldNode | DirectiveNode>(ProvidedRequiredArgumentsRule, describeMissingArguments),
  messageFor<VariableDefinitionNode>(VariablesInAllowedPositionRule, describeVariableUse),
  messageFor<FieldNode>(
    OverlappingFieldsCanBeMergedRule,
    ({ alias, name }) => `Fields called ${textOf(alias ?? name)} differ here: give one of them an alias.`,
  ),
  messageFor<NameNode>(
    UniqueInputFieldNamesRule,
    (name) => `There can be only one input field named ${textOf(name)}.`,
  ),
  messageFor(MaxIntrospectionDepthRule, () => 'Maximum introspection depth exceeded'),
  messageFor(
    NoSchemaIntrospectionCustomRule,
    () => 'GraphQL introspection has been disabled on this server.',
  ),
])

/** A name in quotes. The grammar allows only GraphQL names, so that it can be quoted. */
function textOf(name: NameNode | undefined): string {
  return quoteName(name?.value ?? '') ?? '""'
}

/** The named type of a type in the document. */
function typeText(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? textOf(type.name) : typeText(type.type)
}

/** The field or directive whose arguments are being validated. */
function holderOf(context: ValidationContext): string {
  const directive = context.getDirective()
  if (directive) return `directive "@${directive.name}"`
  return `field "${context.getParentType()}.${context.getFieldDef()?.name}"`
}

function describeLeaf({ kind }: FieldNode | SelectionSetNode, context: ValidationContext): string {
  const field = `Field "${context.getParentType()}.${context.getFieldDef()?.name}" of type "${context.getType()}"`
  return kind === Kind.SELECTION_SET
    ? `${field} has no fields to select.`
    : `${field} needs a selection of fields.`
}

function describeSpread(node: InlineFragmentNode | FragmentSpreadNode, context: ValidationContext): string {
  const type =
    node.kind === Kind.FRAGMENT_SPREAD
      ? context.getFragment(node.name.value)?.typeCondition
      : node.typeCondition
  return `A fragment on ${textOf(type?.name)} cannot be spread on type "${context.getParentType()}": no object is of both.`
}

/** Message for a literal of the wrong type. */
function describeValue(node: ValueNode, context: ValidationContext): string {
  const type = context.getInputType()
  if (!type) return 'The document is not valid.'
  const named = getNamedType(type)
  if (node.kind !== Kind.OBJECT || !isInputObjectType(named)) return expectedValue(typeOfValue(node, type))
  const given = fieldsOf(node)
  const missing = Object.values(named.getFields()).filter(
    (field) => isRequiredInputField(field) && !given.has(field.name),
  )
  return missing.length > 0 ? missingField(named.name, missing) : notOneField(named.name)
}

/** The item type where a single value stands for a list, and the bare type of an enum. */
function typeOfValue(node: ValueNode, type: GraphQLInputType): GraphQLInputType {
  const isNull = node.kind === Kind.NULL
  return !isNull && (isEnumType(getNamedType(type)) || isListType(type)) ? getNamedType(type) : type
}

function fieldsOf({ fields }: ObjectValueNode): ReadonlySet<string> {
  return new Set(fields.map(({ name }) => name.value))
}

function describeMissingArguments(node: FieldNode | DirectiveNode, context: ValidationContext): string {
  const isDirective = node.kind === Kind.DIRECTIVE
  const definition = isDirective ? context.getSchema().getDirective(node.name.value) : context.getFieldDef()
  const given = new Set(node.arguments?.map(({ name }) => name.value))
  const names = (definition?.args ?? [])
    .filter((argument) => isRequiredArgument(argument) && !given.has(argument.name))
    .map(({ name, type }) => `"${name}" of type "${type}"`)
  const holder = isDirective
    ? `Directive ${textOf(node.name)}`
    : `Field "${context.getParentType()}.${node.name.value}"`
  return `${holder} needs the argument${names.length > 1 ? 's' : ''} ${names.join(', ')}.`
}

function describeVariableUse(
  definition: VariableDefinitionNode,
  context: ValidationContext,
  [, variable]: readonly ASTNode[],
): string {
  const name = textOf(definition.variable.name)
  const operation = context
    .getDocument()
    .definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION)
    .find((each) => each.variableDefinitions?.includes(definition))
  const usages = operation === undefined ? [] : context.getRecursiveVariableUsages(operation)
  const usage = usages.find(({ node }) => node === variable)
  const holder = getNamedType(usage?.parentType)
  return isInputObjectType(holder) && holder.isOneOf
    ? `Variable ${name} must be of a type with "!": exactly one field of "${holder.name}" must be given.`
    : `Variable ${name} of type ${typeText(definition.type)} cannot be used where the type is "${usage?.type}".`
}
