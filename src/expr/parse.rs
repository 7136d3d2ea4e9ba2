//! From a text to a tree.

use super::{ExprError, Item, Node, Order, Part};

/// How deep brackets and signs may nest.
const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A number, and how it is written.
    Number(f64, Box<str>),
    Text(Box<str>),
    /// A plain word: a keyword or a name.
    Word(Box<str>),
    /// A name in backquotes.
    Quoted(Box<str>),
    Sign(&'static str),
    End,
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ExprError> {
    const SIGNS: [&str; 15] =
        ["..", "==", "!=", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/"];
    let fault = |at: usize, expected: &str| {
        let found = text[at..].chars().next().map_or("the end".into(), |c| format!("`{c}`"));
        fault_at(text, at, found, expected)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, token) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (sign.len(), Token::Sign(sign))
        } else if matches!(first, '"' | '\'' | '`') {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or_else(|| fault(at, &format!("a closing {first}")))?;
            let content: Box<str> = inner[..end].into();
            (end + 2, if first == '`' { Token::Quoted(content) } else { Token::Text(content) })
        } else if first.is_ascii_digit() || first == '.' {
            let mut end = 0;
            for (i, c) in rest.char_indices() {
                let exponent_sign = matches!(c, '+' | '-') && rest[..i].ends_with(['e', 'E']);
                let ends = !(c.is_alphanumeric() || matches!(c, '.' | '_') || exponent_sign);
                if ends || rest[i..].starts_with("..") {
                    break;
                }
                end = i + c.len_utf8();
            }
            let number = rest[..end].replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
            let number = number.ok_or_else(|| {
                fault_at(
                    text,
                    at,
                    format!("`{}`", &rest[..end]),
                    "a finite number (names that begin with a digit stand in backquotes)",
                )
            })?;
            (end, Token::Number(number, rest[..end].into()))
        } else if first.is_alphabetic() || matches!(first, '_' | '$') {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.')))
                .unwrap_or(rest.len());
            let end = rest[..end].find("..").unwrap_or(end);
            (end, Token::Word(rest[..end].into()))
        } else {
            return Err(fault(at, "a number, a text, a column or an operator"));
        };
        found.push((at, token));
        at += length;
    }
    found.push((text.len(), Token::End));
    Ok(found)
}

fn fault_at(text: &str, at: usize, found: String, expected: &str) -> ExprError {
    let position = text.get(..at).unwrap_or(text).chars().count() + 1;
    ExprError { text: text.into(), position, found: found.into(), expected: expected.into() }
}

/// Words that ask something of a text.
const PARTS: [(&str, Part); 5] = [
    ("starts_with", Part::Start),
    ("ends_with", Part::End),
    ("contains", Part::Anywhere),
    ("like", Part::Like),
    ("ilike", Part::LikeAnyCase),
];

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, ExprError> {
        Ok(Self { text, tokens: tokens(text)?, next: 0, depth: 0 })
    }

    /// The whole text as one expression.
    pub(super) fn whole(mut self) -> Result<Node, ExprError> {
        let root = self.any()?;
        match self.peek() {
            Token::End => Ok(root),
            _ => Err(self.fault("an operator, `and`, `or` or the end")),
        }
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn fault(&self, expected: &str) -> ExprError {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at);
        let found = match self.peek() {
            Token::Number(number, _) => format!("`{number}`"),
            Token::Text(text) => format!("\"{text}\""),
            Token::Word(word) | Token::Quoted(word) => format!("`{word}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".into(),
        };
        fault_at(self.text, at, found, expected)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(taken);
        taken
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(taken);
        taken
    }

    /// Runs `inner` one level deeper.
    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Node, ExprError>) -> Result<Node, ExprError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("brackets, signs and `not` nested at most 100 deep"));
        }
        self.depth += 1;
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn any(&mut self) -> Result<Node, ExprError> {
        self.chain("or", Self::all, Node::Any)
    }

    fn all(&mut self) -> Result<Node, ExprError> {
        self.chain("and", Self::not, Node::All)
    }

    fn chain(
        &mut self,
        word: &str,
        inner: fn(&mut Self) -> Result<Node, ExprError>,
        make: fn(Vec<Node>) -> Node,
    ) -> Result<Node, ExprError> {
        let first = inner(self)?;
        if !self.take_word(word) {
            return Ok(first);
        }
        let mut nodes = vec![first, inner(self)?];
        while self.take_word(word) {
            nodes.push(inner(self)?);
        }
        Ok(make(nodes))
    }

    fn not(&mut self) -> Result<Node, ExprError> {
        if self.take_word("not") {
            return Ok(Node::Not(Box::new(self.deeper(Self::not)?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ExprError> {
        const ORDERS: [(&str, Order); 7] = [
            ("==", Order::Equal),
            ("=", Order::Equal),
            ("!=", Order::NotEqual),
            ("<=", Order::LessEqual),
            (">=", Order::GreaterEqual),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        let left = self.sum()?;
        for (sign, order) in ORDERS {
            if self.take_sign(sign) {
                let right = self.sum()?;
                return Ok(Node::Compare(order, Box::new(left), Box::new(right)));
            }
        }
        if self.take_word("is") {
            let negated = self.take_word("not");
            let unknown = self.take_word("unknown");
            if !unknown && !self.take_word("known") {
                return Err(self.fault("`known` or `unknown`"));
            }
            let known = Node::Known(Box::new(left));
            return Ok(if unknown == negated { known } else { Node::Not(Box::new(known)) });
        }
        let negated = self.take_word("not");
        let test = if self.take_word("in") {
            Node::In(Box::new(left), self.list()?)
        } else if self.take_word("between") {
            let (least, _) = self.literal()?;
            if !self.take_word("and") {
                return Err(self.fault("`and` and the upper bound"));
            }
            let (most, _) = self.literal()?;
            Node::In(Box::new(left), vec![Item::Range(least, most)])
        } else if let Some(part) =
            PARTS.into_iter().find_map(|(word, part)| self.take_word(word).then_some(part))
        {
            let Token::Text(text) = self.peek().clone() else { return Err(self.fault("a text in quotes")) };
            self.next += 1;
            Node::Has(part, Box::new(left), text)
        } else if negated {
            return Err(self.fault("`in`, `between`, `starts_with`, `ends_with`, `contains` or `like`"));
        } else {
            return Ok(left);
        };
        Ok(if negated { Node::Not(Box::new(test)) } else { test })
    }

    fn list(&mut self) -> Result<Vec<Item>, ExprError> {
        if !self.take_sign("(") {
            return Err(self.fault("`(`"));
        }
        let mut items = Vec::new();
        loop {
            let (node, is_bare) = self.literal()?;
            let written = match &node {
                Node::Text(text) => text.clone(),
                Node::Number(number, written) if *number >= 0.0 => written.clone(),
                _ => "".into(),
            };
            items.push(if self.take_sign("..") {
                Item::Range(node, self.literal()?.0)
            } else if is_bare && !written.is_empty() && self.take_sign("*") {
                Item::Prefix(written)
            } else if let (Some(start), false) =
                (written.strip_suffix('*').filter(|s| !s.is_empty()), is_bare)
            {
                Item::Prefix(start.into())
            } else {
                Item::One(node)
            });
            if self.take_sign(")") {
                return Ok(items);
            }
            if !self.take_sign(",") {
                return Err(self.fault("`,` or `)`"));
            }
        }
    }

    /// A number, a text or a word, which is a text; and whether it stands without quotes.
    fn literal(&mut self) -> Result<(Node, bool), ExprError> {
        let negative = self.take_sign("-");
        let found = match self.peek().clone() {
            Token::Number(number, written) if negative => {
                (Node::Number(-number, format!("-{written}").into()), true)
            }
            Token::Number(number, written) => (Node::Number(number, written), true),
            Token::Text(text) if !negative => (Node::Text(text), false),
            Token::Word(word) if !negative => (Node::Text(word), true),
            _ => return Err(self.fault("a number, a text or a word")),
        };
        self.next += 1;
        Ok(found)
    }

    fn sum(&mut self) -> Result<Node, ExprError> {
        self.terms(["+", "-"], Self::product, Node::Sum)
    }

    fn product(&mut self) -> Result<Node, ExprError> {
        self.terms(["*", "/"], Self::signed, Node::Product)
    }

    fn terms(
        &mut self,
        signs: [&str; 2],
        inner: fn(&mut Self) -> Result<Node, ExprError>,
        make: fn(Vec<(bool, Node)>) -> Node,
    ) -> Result<Node, ExprError> {
        let first = inner(self)?;
        let mut terms = vec![(false, first)];
        loop {
            let inverse = if self.take_sign(signs[0]) {
                false
            } else if self.take_sign(signs[1]) {
                true
            } else {
                break;
            };
            terms.push((inverse, inner(self)?));
        }
        match terms.pop() {
            Some((_, only)) if terms.is_empty() => Ok(only),
            last => {
                terms.extend(last);
                Ok(make(terms))
            }
        }
    }

    fn signed(&mut self) -> Result<Node, ExprError> {
        const KEYWORDS: [&str; 11] = [
            "and",
            "or",
            "not",
            "in",
            "is",
            "between",
            "starts_with",
            "ends_with",
            "contains",
            "like",
            "ilike",
        ];
        if self.take_sign("-") {
            return Ok(Node::Negative(Box::new(self.deeper(Self::signed)?)));
        }
        if self.take_sign("(") {
            let node = self.deeper(Self::any)?;
            return if self.take_sign(")") { Ok(node) } else { Err(self.fault("`)`")) };
        }
        let node = match self.peek().clone() {
            Token::Number(number, written) => Node::Number(number, written),
            Token::Text(text) => Node::Text(text),
            Token::Quoted(name) => Node::Name(name),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Node::Truth(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Node::Truth(false),
            Token::Word(word) if !KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) => {
                Node::Name(word)
            }
            _ => return Err(self.fault("a number, a text, a column or `(`")),
        };
        self.next += 1;
        Ok(node)
    }
}
