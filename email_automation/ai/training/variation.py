# ruff: noqa: RUF001 (greetings in other alphabets)
"""Makes plain examples look like mail: greetings, signatures, footers, history, forms, hasty typing.

What surrounds a mail's meaning must not decide it, so every kind of mail gets every kind of surrounding.
"""

from __future__ import annotations

from random import Random

from email_automation.ai.schemas import Intent
from email_automation.ai.training.corpus import Example

_GREETINGS = {
    "en": ("Hi,", "Hello,", "Dear team,", "Dear Sir or Madam,", "Good morning,", "Hey", "To whom it may concern,",
           "Hi there,", "Hello Anna,"),
    "de": ("Guten Tag,", "Hallo,", "Sehr geehrte Damen und Herren,", "Liebes Team,", "Guten Morgen,"),
    "fr": ("Bonjour,", "Madame, Monsieur,", "Bonsoir,", "Chère équipe,"),
    "es": ("Hola,", "Buenos días,", "Estimados señores:", "Buenas tardes,"),
    "pt": ("Olá,", "Bom dia,", "Prezados,", "Boa tarde,"),
    "it": ("Buongiorno,", "Salve,", "Gentili signori,", "Ciao,"),
    "sw": ("Habari,", "Hujambo,", "Ndugu,", "Salamu,"),
    "nl": ("Goedendag,", "Beste,", "Hallo,"),
    "pl": ("Dzień dobry,", "Szanowni Państwo,"),
    "tr": ("Merhaba,", "İyi günler,", "Sayın yetkili,"),
    "ru": ("Здравствуйте!", "Добрый день!", "Уважаемые коллеги,"),
    "ar": ("السلام عليكم", "مرحبا،", "تحية طيبة وبعد،"),
    "ja": ("お世話になっております。", "ご担当者様", "はじめまして。"),
    "zh": ("您好，", "尊敬的先生/女士，"),
}  # fmt: skip
_SIGN_OFFS = {
    "en": ("Best regards,", "Kind regards", "Thanks", "Many thanks,", "Regards,", "Yours sincerely,", "Cheers",
           "Thank you"),
    "de": ("Mit freundlichen Grüßen", "Viele Grüße", "Danke und Gruß", "MfG"),
    "fr": ("Cordialement,", "Bien cordialement", "Merci d'avance"),
    "es": ("Saludos,", "Un cordial saludo", "Gracias"),
    "pt": ("Atenciosamente,", "Obrigado", "Cumprimentos"),
    "it": ("Cordiali saluti", "Grazie", "Distinti saluti"),
    "sw": ("Asante,", "Asante sana", "Wako mwaminifu"),
    "nl": ("Met vriendelijke groet,", "Groeten"),
    "pl": ("Pozdrawiam", "Z poważaniem"),
    "tr": ("Saygılarımla", "Teşekkürler"),
    "ru": ("С уважением,", "Спасибо"),
    "ar": ("مع التحية", "شكرا لكم"),
    "ja": ("よろしくお願いいたします。", "敬具"),
    "zh": ("谢谢", "此致敬礼"),
}  # fmt: skip
_NAMES = (
    "Jane Wanjiru", "Peter Novak", "Anna Keller", "Luis Ortega", "Claire Dubois", "Marco Bianchi", "Amina Yusuf",
    "John Miller", "Sofia Lindqvist", "Raj Patel", "Chen Wei", "Fatou Diop", "Tiago Lopes", "Laura Brandt",
    "David O'Neill", "Grace Achieng",
)  # fmt: skip
_ROLES = (
    "Office Manager", "Head of Purchasing", "Sales Director", "Accounts Payable", "Managing Director",
    "Project Manager", "Geschäftsführer", "Responsable achats", "Customer Success", "Software Engineer", "Owner",
)  # fmt: skip
_COMPANIES = (
    "Brightline Ltd", "Keller GmbH", "Ortega e Hijos S.L.", "Savanna Traders", "Nordlicht AG", "Dubois SARL",
    "Harbour & Co", "Bianchi S.r.l.", "Lakeview School", "St. Mary's Clinic", "Acacia Consulting", "Riverside Hotel",
)  # fmt: skip
_FOOTERS = (
    "This e-mail and any attachments are confidential and may be legally privileged. If you are not the intended "
    "recipient please delete it and notify the sender.",
    "Please consider the environment before printing this e-mail.",
    "Sent from my iPhone",
    "Sent from my Galaxy",
    "Von meinem Handy gesendet",
    "Envoyé de mon téléphone",
    "Registered office: 12 High Street. Registered in England no. 0000000. VAT 000 0000 00",
    "Follow us on LinkedIn and Facebook. www.example.com",
    "Opening hours: Monday to Friday 9 to 17",
)  # fmt: skip
_HISTORY = (
    "\n\nOn Monday {name} wrote:\n> Thank you for your message.\n> We will come back to you.",
    "\n\n-----Original Message-----\nFrom: {name}\nSent: Tuesday\nSubject: {subject}\n\nThanks, noted.",
    "\n\n> {name} wrote:\n> See below.",
)
_BULK_FOOTERS = (
    "You receive this mail because you subscribed. Unsubscribe | View in browser | Preferences",
    "To unsubscribe click here. 12 Market Street, Springfield",
)
_MACHINE_FOOTERS = (
    "This is an automated message, please do not reply.",
    "Do not reply to this mail. This mailbox is not monitored.",
)
_PLAIN_INTENTS = {Intent.NEWSLETTER, Intent.NOTIFICATION}


def varied(example: Example, random: Random) -> Example:
    """One variation of `example`, the same for the same state of `random`."""
    text, subject = example.mail.text, example.mail.subject
    headers: dict[str, str] = {}
    sender = ""
    if example.intent is Intent.NEWSLETTER:
        text, headers = _bulk(text, random)
    elif example.intent is Intent.NOTIFICATION:
        text, sender, headers = _machine(text, random)
    elif example.spam:
        text, headers = _spam(text, example.language, random)
    else:
        text = _letter(text, example.language, random)
        if random.random() < 0.08:
            text, sender = _form(text, random), "noreply@example.com"
    if random.random() < 0.15:
        subject = ""
    elif example.intent not in _PLAIN_INTENTS and random.random() < 0.25:
        subject = random.choice(("Re: ", "RE: ", "Fwd: ", "AW: ", "")) + subject
    if random.random() < 0.1:
        text, subject = text.lower(), subject.lower()
    return example.with_mail(
        subject=subject,
        text=text,
        headers=headers,
        sender_address=sender,
        has_html=random.random() < 0.6,
        attachments=int(random.random() < 0.15),
    )


def _letter(text: str, language: str, random: Random) -> str:
    lines = [text]
    if random.random() < 0.7:
        lines.insert(0, random.choice(_GREETINGS[language]))
    name = random.choice(_NAMES)
    if random.random() < 0.7:
        lines += [random.choice(_SIGN_OFFS[language]), name if random.random() < 0.6 else name.split()[0]]
    if random.random() < 0.35:
        lines += [random.choice(_ROLES), random.choice(_COMPANIES), "Tel. +00 000 000000", "www.example.com"]
    if random.random() < 0.3:
        lines.append(random.choice(_FOOTERS))
    written = "\n".join(lines)
    if random.random() < 0.2:
        written += random.choice(_HISTORY).format(name=random.choice(_NAMES), subject="Your request")
    return written


def _bulk(text: str, random: Random) -> tuple[str, dict[str, str]]:
    headers = {"list-unsubscribe": "<https://example.com/u>"} if random.random() < 0.7 else {}
    return (f"{text}\n{random.choice(_BULK_FOOTERS)}" if random.random() < 0.4 else text), headers


def _machine(text: str, random: Random) -> tuple[str, str, dict[str, str]]:
    sender = "no-reply@example.com" if random.random() < 0.6 else ""
    headers = {"auto-submitted": "auto-generated"} if random.random() < 0.3 else {}
    return (f"{text}\n{random.choice(_MACHINE_FOOTERS)}" if random.random() < 0.3 else text), sender, headers


def _spam(text: str, language: str, random: Random) -> tuple[str, dict[str, str]]:
    headers = {"list-unsubscribe": "<https://example.com/u>"} if random.random() < 0.3 else {}
    if random.random() < 0.4:
        text = _letter(text, language, random)
    elif random.random() < 0.3:
        text = f"{text}\n{random.choice(_BULK_FOOTERS)}"
    return text, headers


def _form(text: str, random: Random) -> str:
    company, name = random.choice(_COMPANIES), random.choice(_NAMES)
    fields = f"Name: {name}\nCompany: {company}\nEmail: someone@example.com"
    return f"New message from the contact form\n{fields}\nMessage: {text}"
