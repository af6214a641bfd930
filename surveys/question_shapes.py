"""What the types of questions have in common, apart from any one question. Pure."""

from surveys.terms import QuestionType

#: Types whose listed things are answered one by one: by a place in a ranking, by a scale.
PER_ROW = frozenset({QuestionType.RANK, QuestionType.MATRIX5})
_NO_VALUE = PER_ROW | {QuestionType.TEXT, QuestionType.TICK}


def can_lead(type_: QuestionType) -> bool:
    """Whether a rule can look at its answer: one value, or several of a list."""
    return type_ not in _NO_VALUE
