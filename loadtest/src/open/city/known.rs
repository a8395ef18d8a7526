//! What this run has filed: what citizens look for, and the orders that units work on.

use std::collections::VecDeque;

/// Numbers that are looked for: the last of the run, as people look for what they filed lately.
const REMEMBERED: usize = 10_000;

/// An order of a citizen's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) name: String,
    pub(super) number: String,
    /// Index of its town.
    pub(super) town: usize,
    /// `Jiewang-Position` of the last answer, echoed with the next step.
    pub(super) position: String,
    pub(super) next: Next,
}

/// The step that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Accept,
    Resolve,
    Rate,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Known {
    numbers: VecDeque<String>,
    orders: VecDeque<Order>,
}

impl Known {
    pub(super) fn file(&mut self, order: Order) {
        if self.numbers.len() == REMEMBERED {
            self.numbers.pop_front();
        }
        self.numbers.push_back(order.number.clone());
        self.orders.push_back(order);
    }

    /// A number, another one for another `n`.
    pub(super) fn look(&self, n: usize) -> Option<String> {
        self.numbers.get(n.checked_rem(self.numbers.len())?).cloned()
    }

    /// The order that has waited longest. Nobody else works on it until it is given back.
    pub(super) fn take(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Gives back an order whose step is done, unless it was the last.
    pub(super) fn done(&mut self, order: Order, position: String) {
        let next = match order.next {
            Next::Accept => Next::Resolve,
            Next::Resolve => Next::Rate,
            Next::Rate => return,
        };
        self.orders.push_back(Order { position, next, ..order });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_goes_through_its_three_steps_and_is_over() {
        let mut known = Known::default();
        assert_eq!((known.look(3), known.take()), (None, None));
        let (name, number) = ("workOrders/1".to_owned(), "7".to_owned());
        known.file(Order { name, number, town: 0, position: String::new(), next: Next::Accept });
        for next in [Next::Accept, Next::Resolve, Next::Rate] {
            let order = known.take().unwrap();
            assert_eq!((order.next, known.take()), (next, None));
            known.done(order, "p".to_owned());
        }
        assert_eq!((known.take(), known.look(3)), (None, Some("7".to_owned())));
    }
}
