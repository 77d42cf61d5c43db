/// Byte strings, each with a value, that finds every string which a text begins with in one walk down the text.
#[derive(Debug, Clone)]
pub(crate) struct PrefixTree<V> {
    nodes: Vec<Node<V>>,
}

#[derive(Debug, Clone, Default)]
struct Node<V> {
    /// What stands between the parent and this node.
    label: Box<[u8]>,
    /// Indices of the children, by the first byte of their labels.
    children: Vec<(u8, usize)>,
    /// The default where no string ends.
    value: V,
}

impl<V: Default> PrefixTree<V> {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// The value of a string, made when it is not there.
    pub(crate) fn entry(&mut self, text: &[u8]) -> Option<&mut V> {
        let at = self.node_of(text);
        self.nodes.get_mut(at).map(|node| &mut node.value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.nodes.iter_mut().map(|node| &mut node.value)
    }

    /// Calls `visit` with the value of every string that `text` begins with, shortest string first; with defaults
    /// between.
    pub(crate) fn walk<'a>(&'a self, text: &[u8], mut visit: impl FnMut(&'a V)) {
        let mut rest = text;
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            let Some(after) = rest.strip_prefix(&*node.label) else { return };
            rest = after;
            visit(&node.value);
            let Some(next) = rest.first().and_then(|byte| node.child(*byte)) else { return };
            at = next;
        }
    }

    /// The node of exactly this string, made when it is not there.
    fn node_of(&mut self, text: &[u8]) -> usize {
        let mut rest = text;
        let mut at = 0;
        loop {
            let Some(&first) = rest.first() else { return at };
            let Some(child) = self.nodes.get(at).and_then(|node| node.child(first)) else {
                return self.add_child(at, first, Node { label: rest.into(), ..Node::default() });
            };
            let shared = self.nodes.get(child).map_or(0, |node| shared_len(&node.label, rest));
            if self.nodes.get(child).is_some_and(|node| node.label.len() > shared) {
                self.split(child, shared);
            }
            rest = rest.get(shared..).unwrap_or_default();
            at = child;
        }
    }

    fn add_child(&mut self, parent: usize, first: u8, node: Node<V>) -> usize {
        let index = self.nodes.len();
        self.nodes.push(node);
        if let Some(parent) = self.nodes.get_mut(parent)
            && let Err(place) = parent.children.binary_search_by_key(&first, |child| child.0)
        {
            parent.children.insert(place, (first, index));
        }
        index
    }

    /// Cuts a node's label after `keep` bytes; what was below moves to a new child.
    fn split(&mut self, at: usize, keep: usize) {
        let index = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return };
        let (head, tail) = node.label.split_at(keep.min(node.label.len()));
        let (head, tail): (Box<[u8]>, Box<[u8]>) = (head.into(), tail.into());
        let Some(&first) = tail.first() else { return };
        let below = Node {
            label: tail,
            children: std::mem::replace(&mut node.children, vec![(first, index)]),
            value: std::mem::take(&mut node.value),
        };
        node.label = head;
        self.nodes.push(below);
    }
}

impl<V> Node<V> {
    fn child(&self, first: u8) -> Option<usize> {
        let place = self.children.binary_search_by_key(&first, |child| child.0).ok()?;
        self.children.get(place).map(|child| child.1)
    }
}

fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn found(tree: &PrefixTree<Vec<u32>>, text: &str) -> Vec<u32> {
        let mut all = Vec::new();
        tree.walk(text.as_bytes(), |values| all.extend_from_slice(values));
        all
    }

    #[test]
    fn every_string_that_the_text_begins_with_is_found_shortest_first() {
        let mut tree = PrefixTree::<Vec<u32>>::new();
        for (value, text) in ["/", "/a", "/abc", "/abd", "/b", "", "/abc"].iter().enumerate() {
            tree.entry(text.as_bytes()).unwrap().push(u32::try_from(value).unwrap());
        }
        assert_eq!(found(&tree, "/abcd"), [5, 0, 1, 2, 6]);
        assert_eq!(found(&tree, "/ab"), [5, 0, 1]);
        assert_eq!(found(&tree, "x"), [5]);
    }

    proptest::proptest! {
        #[test]
        fn the_walk_agrees_with_looking_at_each_string(
            texts in proptest::collection::vec("[/ab]{0,6}", 0..24),
            asked in "[/ab]{0,8}",
        ) {
            let mut tree = PrefixTree::<Vec<u32>>::new();
            for (value, text) in (0..).zip(&texts) {
                tree.entry(text.as_bytes()).unwrap().push(value);
            }
            let want: BTreeSet<u32> =
                (0..).zip(&texts).filter(|(_, text)| asked.starts_with(text.as_str())).map(|pair| pair.0).collect();
            let got = found(&tree, &asked);
            proptest::prop_assert_eq!(got.len(), want.len());
            proptest::prop_assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), want);
        }
    }
}
