"""Blueprints and forms of the collecting side; views are thin edges around one operation each."""

from collections.abc import Sequence

from flask import Blueprint

from surveys.web import (
    accounts,
    bounces,
    contact_requests,
    contacts,
    deliveries,
    digests,
    health,
    mail_texts,
    partners,
    people,
    predict,
    preferences,
    question_bank,
    questionnaire_editor,
    questionnaire_preview,
    questionnaires,
    respond,
    settings,
    suppressions,
    waves,
)


def blueprints() -> Sequence[Blueprint]:
    """Every blueprint of this side, for app.py."""
    modules = (
        accounts,
        bounces,
        contact_requests,
        contacts,
        deliveries,
        digests,
        health,
        mail_texts,
        partners,
        people,
        predict,
        preferences,
        question_bank,
        questionnaire_editor,
        questionnaire_preview,
        questionnaires,
        respond,
        settings,
        suppressions,
        waves,
    )
    return [module.bp for module in modules]
