// From letters to a judgement: spam, or not. Each word has a vector; the mean of a letter's vectors, times a matrix, is the
// answer. Every fifth letter is held out.
// words: (b, length), filled up with 0  vectors: (b, length, 16)  mean: (b, 16)  out: (b, 2)
//
// tested on: data/mail.csv
//
//     ./18_mail "$(sh examples/fetch_text.sh mail)"
#include <xgrad/xgrad.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;

struct network {
    xg::nn::embedding<> vectors;
    xg::nn::linear<> out{16, 2};

    explicit network(std::size_t words) : vectors{words, 16, {.padding_idx = 0}} {}
    XGRAD_MEMBERS(vectors, out)
    auto operator()(const xg::tensor<std::int64_t, 2>& words) const {
        const auto number = xg::sum(xg::astype<float>(words != 0), 1, xg::keep_dims);
        return out(xg::sum(vectors(words), 1) / xg::maximum(number, 1));
    }
};

using letters = std::vector<std::tuple<xg::tensor<std::int64_t, 1>, std::int64_t>>;   // a vector of samples is a data set

int main(int count, char** arguments) try {
    if (count != 2) return std::fprintf(stderr, "usage: %s FILE, the table that examples/fetch_text.sh mail gets\n", arguments[0]), 2;
    xg::manual_seed(1);
    const auto table = xg::data::read_csv(arguments[1]);
    const auto [kinds, names] = table.categories("kind");   // ham 0, spam 1
    auto texts = std::vector<std::vector<std::string>>{};
    auto seen = std::vector<std::string>{};   // the words of the letters to learn from
    for (const auto& letter : table.text("text")) {
        texts.push_back(xg::data::words(letter));
        if (texts.back().size() > 400) texts.back().resize(400);
        if (texts.size() % 5 != 0) seen.insert(seen.end(), texts.back().begin(), texts.back().end());
    }
    const auto known = xg::data::vocabulary::of(seen, {.max_size = 20000, .min_count = 2, .special = {"<pad>", "<unknown>"}, .unknown = "<unknown>"});
    auto train = letters{}, test = letters{};
    for (auto i = std::size_t{0}; i < texts.size(); ++i)
        ((i + 1) % 5 != 0 ? train : test).emplace_back(known.encode(texts[i]), kinds(i));

    const auto net = network{known.size()};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 1e-2}};
    auto batches = xg::data::loader{train, {.batch_size = 32, .shuffle = true, .pad = {0, 0}}};
    // Few letters are read more often.
    xg::train::fit(opt, batches, {.epochs = 8 + 3000 / train.size(), .out = stderr, .unit = "letters"},
                   [&](const auto& words, const auto& kind) { return xg::cross_entropy(net(words), kind); });

    xg::io::save(net, "mail.safetensors");   // the model is these two files
    std::ofstream{"mail.words.txt"} << known.decode(xg::arange<std::int64_t>(known.size()), "\n");
    const auto words = xg::data::vocabulary{xg::data::read_lines("mail.words.txt"), "<unknown>"};
    const auto loaded = network{words.size()};
    xg::io::load(loaded, "mail.safetensors");

    const auto recording = xg::no_grad{};
    auto meter = xg::train::f1_meter{2};
    for (auto [letter, kind] : xg::data::loader{test, {.batch_size = 100, .pad = {0, 0}}}) meter.add(loaded(letter), kind);
    const auto right = meter.matrix().accuracy(), spam = xg::train::f1(meter.matrix(), 1);
    std::fprintf(stderr, "%zu words known, %zu letters held out: accuracy %.4f, F1 of spam %.4f\n", words.size(), test.size(), right, spam);
    std::printf("%s or %s: more than four out of five are right: %s\n", names[0].c_str(), names[1].c_str(), right > 0.8 ? "yes" : "no");
    const auto prize = words.encode(xg::data::words("Congratulations! Click here to claim your free prize"));
    std::printf("a free prize is %s\n", names[static_cast<std::size_t>(xg::argmax(loaded(xg::expand_dims(prize, 0)), 1)(0))].c_str());
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
