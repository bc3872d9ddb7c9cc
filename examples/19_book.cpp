// From a book to a machine that goes on writing it: a transformer that tells the next character. It must do much better than
// the frequencies of the characters, on the last tenth of the book, of which it has learnt nothing.
// x, y: (b, 64) characters, y one further on  h: (b, 64, 128)  logits: (b, 64, characters)
//
// tested on: data/book.txt
//
//     ./19_book "$(sh examples/fetch_text.sh book)" 2     two epochs; without the number 20, which is for a page
#include <xgrad/xgrad.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

constexpr auto seen = std::size_t{64};   // how many characters it sees

struct network {
    nn::embedding<> characters;
    nn::transformer_encoder<float, xg::gelu_fn> body{
        3, 128, 4, {.feedforward = 512, .dropout = 0, .norm_first = true, .final_norm = true, .rotary = xg::rotary_options{}}};
    nn::linear<> out;

    explicit network(std::size_t count) : characters{count, 128}, out{128, count} {}
    XGRAD_MEMBERS(characters, body, out)

    auto operator()(const auto& x) const { return out(body(characters(x), {.causal = true})); }
    auto operator()(const auto& x, std::vector<nn::kv_cache<>>& before) const { return out(body(characters(x), before)); }
};

// Mean of -log p of the character that comes, in nats.
double loss_of(const network& net, const auto& set) {
    const auto recording = xg::no_grad{};
    auto meter = xg::train::mean_meter{};
    for (auto [x, y] : xg::data::loader{set, {.batch_size = 64}})
        meter.add(xg::cross_entropy(xg::flatten(net(x), 0, 1), xg::flatten(y)).item(), static_cast<double>(x.shape(0)));
    return meter.value();
}

std::string written(const network& net, const xg::data::vocabulary& signs, std::string text, std::size_t count) {
    const auto recording = xg::no_grad{};
    auto before = std::vector<nn::kv_cache<>>{};   // keys and values of what it has read: each new character costs one step
    auto next = xg::data::characters(text);
    while (count-- > 0) {
        if (!before.empty() && before[0].length() == seen) {   // as far as it has learnt to look: read the last half anew
            before.clear();
            next = xg::data::characters(text);
            next.erase(next.begin(), next.end() - seen / 2);
        }
        const auto logits = net(xg::expand_dims(signs.encode(next), 0), before);
        const auto last = xg::narrow(logits, next.size() - 1, 1, 1) / 0.7;   // a temperature below 1: the likely more likely
        next = {signs[xg::multinomial(xg::softmax(xg::flatten(last), 0), 1)(0)]};
        text += next[0];
    }
    return text;
}

int main(int count, char** arguments) try {
    const auto epochs = count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 20;
    if ((count != 2 && count != 3) || epochs == 0 || epochs > 1000) {
        std::fprintf(stderr, "usage: %s FILE [EPOCHS], a book, as examples/fetch_text.sh book gets one\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto text = xg::data::characters(xg::data::read_text(arguments[1]));
    const auto cut = text.begin() + static_cast<std::ptrdiff_t>(text.size() - text.size() / 10);
    const auto signs = xg::data::vocabulary::of({text.begin(), cut}, {.unknown = " "});
    const auto learnt = signs.encode({text.begin(), cut}), held_out = signs.encode({cut, text.end()});
    const auto net = network{signs.size()};
    auto batches = xg::data::loader{xg::data::windows{learnt, seen, seen}, {.batch_size = 16, .shuffle = true}};
    auto opt = xg::optim::adamw{nn::parameters(net), {.lr = 2e-3}};
    auto plan = xg::optim::scheduler{opt, xg::optim::one_cycle_lr{.total_steps = epochs * batches.size()}};
    xg::train::fit(opt, batches, {.epochs = epochs, .after_step = [&] { plan.step(); }, .out = stderr, .unit = "pieces"},
                   [&](const auto& x, const auto& y) { return xg::cross_entropy(xg::flatten(net(x), 0, 1), xg::flatten(y)); });

    xg::io::save(net, "book.safetensors");   // the model is these two files
    std::ofstream{"book.characters.txt"} << signs.decode(xg::arange<std::int64_t>(signs.size()));
    const auto loaded_signs = xg::data::vocabulary{xg::data::characters(xg::data::read_text("book.characters.txt")), " "};
    const auto loaded = network{loaded_signs.size()};
    xg::io::load(loaded, "book.safetensors");

    const auto frequencies = xg::astype<float>(xg::bincount(learnt)) / static_cast<double>(learnt.size());
    const auto by_frequencies = -xg::mean(xg::take(xg::log(frequencies), held_out)).item();
    const auto by_network = loss_of(loaded, xg::data::windows{held_out, seen, seen});
    std::fprintf(stderr, "held out: %.2f nats a character, by frequencies %.2f\n", by_network, by_frequencies);
    std::fprintf(stderr, "%s\n", written(loaded, loaded_signs, "This is the ", 600).c_str());
    std::printf("less than two thirds of the loss by frequencies: %s\n", by_network < by_frequencies * 2 / 3 ? "yes" : "no");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
