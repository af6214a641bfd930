"""Questions, their types and what is wrong with them, in the words of the staff pages."""

from surveys.i18n import gettext
from surveys.question_bank import Problem
from surveys.terms import QuestionType


def problem_text(problem: Problem) -> str:
    """What is wrong with a questionnaire, in the language of the page."""
    return gettext(problem.message, **problem.parameters)


def question_name(code: str, driver_name: str | None, text: str = "") -> str:
    """What a question is about: its driver, a short name of its own, or else its words."""
    names = {
        "recommend": gettext("Recommendation (0–10)"),
        "recommend_high": gettext("Predicted share of 9 and 10"),
        "recommend_low": gettext("Predicted share of 0 to 6"),
        "intent": gettext("Sales in the next 12 months"),
        "first_offer": gettext("Offered first"),
        "trend": gettext("Compared with last year"),
        "sells_now": gettext("Sells the products now"),
        "role": gettext("Area of work"),
        "comment_unsaid": gettext("What is left unsaid"),
        "comment": gettext("Open comment"),
        "contact": gettext("Please call me"),
    }
    return driver_name or names.get(code) or text or code


def type_word(type_: QuestionType) -> str:
    """How a question is answered."""
    return {
        QuestionType.AGREE5: gettext("Agreement, 1 to 5"),
        QuestionType.NPS11: gettext("0 to 10"),
        QuestionType.SHARE11: gettext("Share in tens"),
        QuestionType.IMP7: gettext("Importance, 1 to 7"),
        QuestionType.ONE: gettext("One of a list"),
        QuestionType.MANY: gettext("Several of a list"),
        QuestionType.TEXT: gettext("Text"),
        QuestionType.TICK: gettext("Tick box"),
        QuestionType.RATE5: gettext("Rating, 1 to 5"),
        QuestionType.RANK: gettext("Ranking"),
        QuestionType.MATRIX5: gettext("Several statements, 1 to 5"),
    }[type_]
