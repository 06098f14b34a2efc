"""What the drill's mails say: their last line tells its server that all of a mail is there."""

BODY = "A drill."
