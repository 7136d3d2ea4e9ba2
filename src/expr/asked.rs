//! What an expression asks of the columns it names.

use super::{Expr, Item, Node, Order};

/// What a column has to hold for an expression to go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Asked {
    /// Numbers.
    Number,
    /// Flags: true and false, yes and no, 1 and 0.
    Flag,
    /// Texts.
    Text,
    /// Anything: whether it is known, or whether it is the same as another.
    Any,
}

impl Asked {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Flag => "yes or no",
            Self::Text => "text",
            Self::Any => "any",
        }
    }
}

impl Expr {
    /// Each column that is named, with what is asked of it, in the order of naming; `whole` is what is asked of the expression itself. A bare
    /// word beside `==` is among them, as in [`columns`](Expr::columns).
    ///
    /// ```
    /// use landuse::expr::{Asked, Expr};
    /// let expr = Expr::parse("utility or tax / land_mu < 3 and sector == \"C26\"")?;
    /// let asked = expr.asked(Asked::Flag);
    /// let expected = [("utility", Asked::Flag), ("tax", Asked::Number), ("land_mu", Asked::Number), ("sector", Asked::Text)];
    /// assert_eq!(asked, expected);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn asked(&self, whole: Asked) -> Vec<(&str, Asked)> {
        let mut found = Vec::new();
        walk(&self.root, whole, &mut found);
        found
    }
}

fn walk<'a>(node: &'a Node, asked: Asked, found: &mut Vec<(&'a str, Asked)>) {
    match node {
        Node::Number(..) | Node::Text(_) | Node::Truth(_) => {}
        Node::Name(name) => found.push((name, asked)),
        Node::Negative(a) => walk(a, Asked::Number, found),
        Node::Sum(terms) | Node::Product(terms) => {
            terms.iter().for_each(|(_, term)| walk(term, Asked::Number, found));
        }
        Node::Compare(order, a, b) => {
            let of = beside(*order, a, b);
            walk(a, of, found);
            walk(b, of, found);
        }
        Node::In(inner, items) => {
            let is_number = |item: &Item| match item {
                Item::One(node) | Item::Range(node, _) => matches!(node, Node::Number(..)),
                Item::Prefix(_) => false,
            };
            walk(inner, if items.iter().all(is_number) { Asked::Number } else { Asked::Text }, found);
        }
        Node::Has(_, inner, _) => walk(inner, Asked::Text, found),
        Node::Known(inner) => walk(inner, Asked::Any, found),
        Node::Not(inner) => walk(inner, Asked::Flag, found),
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| walk(node, Asked::Flag, found)),
    }
}

/// What both sides of a comparison have to be.
fn beside(order: Order, a: &Node, b: &Node) -> Asked {
    let side = |node: &Node| match node {
        Node::Text(_) => Some(Asked::Text),
        Node::Number(..) | Node::Negative(_) | Node::Sum(_) | Node::Product(_) => Some(Asked::Number),
        Node::Name(_) => None,
        _ => Some(Asked::Flag),
    };
    match (side(a).or_else(|| side(b)), order) {
        (Some(asked), _) => asked,
        (None, Order::Equal | Order::NotEqual) => Asked::Any,
        (None, _) => Asked::Number,
    }
}
